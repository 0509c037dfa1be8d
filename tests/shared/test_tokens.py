"""Tokens of people: what is accepted, and every way of being refused; and the keys that sign."""

import asyncio
import base64
import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from shared.kit.caller import Role
from shared.tokens import (
    KeysMissing,
    KeyUnknown,
    SigningKey,
    TokenRefused,
    UserTokens,
    sign,
)
from tests.shared.keys import new_key

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
ACCOUNT, SESSION = UUID(int=7), UUID(int=8)
CLAIMS: dict[str, Any] = {"sub": str(ACCOUNT), "roles": ["user", "worker"], "sid": str(SESSION)}


class Jwks:
    """The keys that a signing service publishes at the moment, and how often they were read."""

    def __init__(self, *keys: SigningKey) -> None:
        self.keys = list(keys)
        self.reads = 0
        self.fault: Exception | None = None

    async def fetch(self) -> Mapping[str, Any]:
        self.reads += 1
        if self.fault:
            raise self.fault
        return {"keys": [public for key in self.keys for public in key.jwks["keys"]]}


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> SigningKey:
    return new_key(tmp_path_factory.mktemp("keys"), "k1")


@pytest.fixture
def published(key: SigningKey) -> Jwks:
    return Jwks(key)


@pytest.fixture
async def users(published: Jwks) -> UserTokens:
    verifier = UserTokens(published.fetch)
    await verifier.refresh()
    return verifier


async def test_a_token_says_who_in_which_roles_and_until_when(
    users: UserTokens, key: SigningKey
) -> None:
    token = sign(key, CLAIMS, NOW, 900)
    for _ in range(2):
        claims = await users.verify(token, NOW)
        assert claims.account_id == ACCOUNT
        assert claims.roles == {Role.USER, Role.WORKER}
        assert claims.session_id == SESSION
        assert claims.expires_at == NOW + timedelta(seconds=900)


async def test_a_token_is_over_at_its_end_even_if_it_is_remembered(
    users: UserTokens, key: SigningKey
) -> None:
    token = sign(key, CLAIMS, NOW, 900)
    await users.verify(token, NOW + timedelta(seconds=904))
    for verifier in (users, users):
        with pytest.raises(TokenRefused):
            await verifier.verify(token, NOW + timedelta(seconds=905))


async def test_an_expired_or_future_token_is_refused(users: UserTokens, key: SigningKey) -> None:
    for signed_at in (NOW - timedelta(seconds=905), NOW + timedelta(seconds=6)):
        with pytest.raises(TokenRefused):
            await users.verify(sign(key, CLAIMS, signed_at, 900), NOW)


@pytest.mark.parametrize(
    "other",
    [
        {"iss": "somebody"},
        {"aud": "another-api"},
        {"aud": ["jajaya-api"]},
        {"sub": "7"},
        {"sub": 7},
        {"roles": "user"},
        {"roles": ["king"]},
        {"roles": ["system"]},
        {"roles": None},
        {"sid": None},
    ],
)
async def test_a_token_with_another_claim_is_refused(
    users: UserTokens, key: SigningKey, other: dict[str, Any]
) -> None:
    with pytest.raises(TokenRefused):
        await users.verify(sign(key, CLAIMS | other, NOW, 900), NOW)


@pytest.mark.parametrize("exp", ["later", None, 1e300, float("nan"), True, -1, 2**80])
async def test_a_token_without_a_proper_end_is_refused(
    users: UserTokens, key: SigningKey, exp: object
) -> None:
    header = {"alg": "ES256", "kid": "k1", "typ": "at+jwt"}
    claims = CLAIMS | {"iss": "jajaya", "aud": "jajaya-api", "iat": int(NOW.timestamp())}
    for body in (claims, claims | {"exp": exp}):
        token = jwt.encode(header, body, key.private, algorithms=["ES256"])
        with pytest.raises(TokenRefused):
            await users.verify(token, NOW)


def part(content: object) -> str:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def whole_claims() -> dict[str, Any]:
    at = int(NOW.timestamp())
    return CLAIMS | {"iss": "jajaya", "aud": "jajaya-api", "iat": at, "exp": at + 900}


@pytest.mark.parametrize("alg", ["none", "None", "NONE", ""])
async def test_an_unsigned_token_is_refused(users: UserTokens, alg: str) -> None:
    header = {"alg": alg, "kid": "k1", "typ": "at+jwt"}
    for signature in ("", part(b"x" * 64)):
        with pytest.raises(TokenRefused):
            await users.verify(f"{part(header)}.{part(whole_claims())}.{signature}", NOW)


async def test_a_token_signed_with_the_public_key_as_a_secret_is_refused(
    users: UserTokens, key: SigningKey
) -> None:
    header = {"alg": "HS256", "kid": "k1", "typ": "at+jwt"}
    for secret in (key.private.as_pem(private=False), json.dumps(key.jwks["keys"][0]).encode()):
        signed = jwt.encode(
            header, whole_claims(), OctKey.import_key(secret.strip(b"-")), ["HS256"]
        )
        with pytest.raises(TokenRefused):
            await users.verify(signed, NOW)


async def test_another_key_of_the_same_id_or_algorithm_is_refused(users: UserTokens) -> None:
    for alg, other in (
        ("ES256", ECKey.generate_key("P-256")),
        ("RS256", RSAKey.generate_key(2048)),
        ("ES384", ECKey.generate_key("P-384")),
    ):
        header = {"alg": alg, "kid": "k1", "typ": "at+jwt"}
        with pytest.raises(TokenRefused):
            await users.verify(jwt.encode(header, whole_claims(), other, [alg]), NOW)


@pytest.mark.parametrize(
    "other",
    [
        {"typ": "svc+jwt"},
        {"typ": "JWT"},
        {"typ": None},
        {"kid": None},
        {"kid": ["k1"]},
        {"jku": "https://evil.example/jwks.json"},
        {"b64": False, "crit": ["b64"]},
        {"x5u": "https://evil.example"},
    ],
)
async def test_a_header_that_is_not_exactly_ours_is_refused(
    users: UserTokens, key: SigningKey, other: dict[str, Any]
) -> None:
    header = {"alg": "ES256", "kid": "k1", "typ": "at+jwt"} | other
    signed = f"{part(header)}.{part(whole_claims())}"
    good = sign(key, CLAIMS, NOW, 900).rpartition(".")[2]
    with pytest.raises(TokenRefused):
        await users.verify(f"{signed}.{good}", NOW)


async def test_a_changed_body_is_refused(users: UserTokens, key: SigningKey) -> None:
    header, _, signature = sign(key, CLAIMS, NOW, 900).split(".")
    forged = part(whole_claims() | {"roles": ["staff"]})
    with pytest.raises(TokenRefused):
        await users.verify(f"{header}.{forged}.{signature}", NOW)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.one_of(st.text(), st.text("ey.AB01-_=", max_size=80), st.binary().map(part)))
def test_garbage_is_refused_and_never_a_fault(key: SigningKey, text: str) -> None:
    async def ask() -> None:
        with pytest.raises(TokenRefused):
            await UserTokens(Jwks(key).fetch).verify(text, NOW)

    asyncio.run(ask())


@pytest.mark.parametrize("body", [b"[" * 2900, b"[]", b"1", b"\xff", b"null", b'{"aud":[' * 300])
async def test_a_hostile_body_is_refused(users: UserTokens, body: bytes) -> None:
    header = part({"alg": "ES256", "kid": "k1", "typ": "at+jwt"})
    with pytest.raises(TokenRefused):
        await users.verify(f"{header}.{part(body)}.{part(b'x' * 64)}", NOW)


async def test_an_unknown_key_is_fetched_so_rotation_needs_no_restart(
    users: UserTokens, published: Jwks, tmp_path: Path
) -> None:
    users.refetch_seconds = 0
    new = new_key(tmp_path, "k2")
    published.keys.append(new)
    claims = await users.verify(sign(new, CLAIMS, NOW, 900), NOW)
    assert claims.account_id == ACCOUNT


async def test_unknown_keys_make_one_fetch_in_ten_seconds(
    users: UserTokens, published: Jwks, tmp_path: Path
) -> None:
    foreign = new_key(tmp_path, "k9")
    for _ in range(20):
        with pytest.raises(KeyUnknown):
            await users.verify(sign(foreign, CLAIMS, NOW, 900), NOW)
    assert published.reads == 1  # The first one, at start.


async def test_before_any_keys_came_a_good_token_is_asked_to_come_back(
    published: Jwks, key: SigningKey
) -> None:
    users, token = UserTokens(published.fetch), sign(key, CLAIMS, NOW, 900)
    published.fault = OSError("not up yet")
    for _ in range(2):  # With an attempt to fetch, and with none as one was made just now.
        with pytest.raises(KeysMissing) as later:
            await users.verify(token, NOW)
        assert later.value.facts["retry_after_seconds"] == 1
    assert (published.reads, users.has_keys) == (1, False)
    published.fault = None
    await users.refresh()
    assert (await users.verify(token, NOW)).account_id == ACCOUNT


async def test_a_withdrawn_key_ends_the_tokens_remembered_by_it(
    users: UserTokens, published: Jwks, key: SigningKey, tmp_path: Path
) -> None:
    token = sign(key, CLAIMS, NOW, 900)
    await users.verify(token, NOW)
    published.keys = [new_key(tmp_path, "k2")]
    await users.refresh()
    with pytest.raises(KeyUnknown):
        await users.verify(token, NOW)


@pytest.mark.parametrize("fault", [OSError("down"), TimeoutError(), KeyError("keys")])
async def test_the_last_good_keys_stay_when_a_fetch_fails(
    users: UserTokens, published: Jwks, key: SigningKey, fault: Exception
) -> None:
    published.fault = fault
    await users.refresh()
    assert await users.verify(sign(key, CLAIMS, NOW, 900), NOW)
    published.fault, published.keys = None, []
    await users.refresh()
    assert await users.verify(sign(key, CLAIMS, NOW, 901), NOW)


async def test_the_keys_are_fetched_at_start_and_ever_again(
    published: Jwks, key: SigningKey
) -> None:
    users = UserTokens(published.fetch)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await users.keep_fresh(0.01)
    assert published.reads >= 3
    assert await users.verify(sign(key, CLAIMS, NOW, 900), NOW)


def test_a_key_file_must_hold_a_private_p256_key_with_an_id(tmp_path: Path) -> None:
    file = tmp_path / "bad.jwk.json"
    for made in (
        ECKey.generate_key("P-256", {"kid": "a"}).as_dict(private=False),
        ECKey.generate_key("P-384", {"kid": "a"}).as_dict(private=True),
        ECKey.generate_key("P-256", auto_kid=False).as_dict(private=True),
    ):
        file.write_text(json.dumps(made))
        with pytest.raises(ValueError, match="P-256"):
            SigningKey.load(file)


def test_published_keys_hold_nothing_private_and_signing_keys_do_not_show(tmp_path: Path) -> None:
    key = new_key(tmp_path, "k1", "k2")
    assert [public["kid"] for public in key.jwks["keys"]] == ["k1", "k2"]
    assert not any("d" in public for public in key.jwks["keys"])
    assert str(key.private.as_dict(private=True)["d"]) not in repr(key)
    assert os.stat(tmp_path / "k1.jwk.json").st_size > 0
