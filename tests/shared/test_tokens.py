"""Tokens of people and of services: what is accepted, and every way of being refused."""

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

from shared.kit.caller import SYSTEM, Caller, Role
from shared.kit.ids import new_id
from shared.tokens import (
    KeysMissing,
    KeyUnknown,
    ServiceTokens,
    SigningKey,
    TokenRefused,
    UserTokens,
    sign,
)

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
ACCOUNT, SESSION = UUID(int=7), UUID(int=8)
CLAIMS: dict[str, Any] = {"sub": str(ACCOUNT), "roles": ["user", "worker"], "sid": str(SESSION)}


def new_key(folder: Path, *kids: str) -> SigningKey:
    """A key file as the launcher writes it; the first kid signs."""
    made = [ECKey.generate_key("P-256", {"kid": kid}).as_dict(private=True) for kid in kids]
    file = folder / f"{kids[0]}.jwk.json"
    file.write_text(json.dumps(made[0] if len(made) == 1 else {"keys": made}))
    return SigningKey.load(file)


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


class Fleet:
    """Services with a signing key each, and the folder in which all find all public keys."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.folder = home / "service-keys"
        self.folder.mkdir()

    def service(self, name: str, *kids: str) -> ServiceTokens:
        key = new_key(self.home, *(kids or (name,)))
        (self.folder / f"{name}.jwks.json").write_text(json.dumps(key.jwks))
        return ServiceTokens(name, key, self.folder)


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    return Fleet(tmp_path)


def test_a_service_knows_who_calls_and_for_whom(fleet: Fleet) -> None:
    depot, till = fleet.service("depot"), fleet.service("till")
    for caller in (Caller(new_id(), Role.USER), Caller(new_id(), Role.STAFF), SYSTEM):
        assert till.verify(depot.issue("till", caller, NOW), NOW) == ("depot", caller)


def test_a_service_token_is_for_one_audience_and_is_no_persons_token(fleet: Fleet) -> None:
    depot, till, shelf = (fleet.service(name) for name in ("depot", "till", "shelf"))
    with pytest.raises(TokenRefused):
        shelf.verify(depot.issue("till", SYSTEM, NOW), NOW)
    person = sign(new_key(fleet.home, "depot"), CLAIMS | {"iss": "depot", "aud": "till"}, NOW, 900)
    with pytest.raises(TokenRefused):
        till.verify(person, NOW)


def test_a_service_cannot_speak_as_another(fleet: Fleet) -> None:
    till = fleet.service("till")
    fleet.service("depot", "k1")
    forger = ServiceTokens("depot", new_key(fleet.home, "k1"), fleet.folder)  # Another k1.
    with pytest.raises(TokenRefused):
        till.verify(forger.issue("till", SYSTEM, NOW), NOW)


def test_an_issued_token_is_reused_until_a_minute_before_its_end(fleet: Fleet) -> None:
    depot, till = fleet.service("depot"), fleet.service("till")
    first = depot.issue("till", SYSTEM, NOW)
    assert depot.issue("till", SYSTEM, NOW + timedelta(seconds=239)) == first
    assert depot.issue("shelf", SYSTEM, NOW) != first
    assert depot.issue("till", Caller(new_id(), Role.USER), NOW) != first
    renewed = depot.issue("till", SYSTEM, NOW + timedelta(seconds=240))
    assert renewed != first
    with pytest.raises(TokenRefused):
        till.verify(first, NOW + timedelta(seconds=305))
    assert till.verify(renewed, NOW + timedelta(seconds=305)) == ("depot", SYSTEM)


def test_a_second_kid_rotates_a_services_key(fleet: Fleet) -> None:
    till, old = fleet.service("till"), fleet.service("depot", "depot-1")
    till.refetch_seconds = 0
    token = old.issue("till", SYSTEM, NOW)
    assert till.verify(token, NOW) == ("depot", SYSTEM)
    new = fleet.service("depot", "depot-2")
    assert till.verify(new.issue("till", SYSTEM, NOW), NOW) == ("depot", SYSTEM)
    with pytest.raises(KeyUnknown):
        till.verify(token, NOW)


def test_the_folder_is_read_again_at_most_every_ten_seconds(fleet: Fleet) -> None:
    till, depot = fleet.service("till"), fleet.service("depot")
    till.verify(depot.issue("till", SYSTEM, NOW), NOW)
    late = fleet.service("shelf")
    with pytest.raises(KeyUnknown):
        till.verify(late.issue("till", SYSTEM, NOW), NOW)


def test_a_broken_key_file_keeps_the_keys_known_before(fleet: Fleet) -> None:
    till, depot = fleet.service("till"), fleet.service("depot")
    till.refetch_seconds = 0
    till.verify(depot.issue("till", SYSTEM, NOW), NOW)
    (fleet.folder / "depot.jwks.json").write_text("{half")
    fleet.service("shelf")
    (fleet.folder / "notes.json").write_text("[]")
    with pytest.raises(TokenRefused):
        till.verify(fleet.service("other", "x").issue("depot", SYSTEM, NOW), NOW)
    assert till.verify(depot.issue("till", Caller(new_id(), Role.USER), NOW), NOW)[0] == "depot"


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
