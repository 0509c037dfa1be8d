"""Access tokens, and the keys by which others verify them."""

import base64
import json
import shutil
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from services.user.clients.token_keys import KEPT_MAX, PUBLISHED_SECONDS, TokenKeys, rotate
from shared.kit.caller import Role
from shared.kit.ids import new_id
from shared.tokens import TokenRefused, UserTokens
from tests.services.user.people import Person, code_of, log_in_by_wechat
from tests.support.sandbox import Sandbox
from tests.support.service import Running, as_json


def claims_of(token: str) -> dict[str, object]:
    middle = token.split(".")[1]
    read: dict[str, object] = json.loads(base64.urlsafe_b64decode(middle + "=="))
    return read


async def test_the_jwks_shows_public_halves_only(user: Running) -> None:
    keys = as_json(await user.http.get("/.well-known/jwks.json"))["keys"]
    assert keys
    for key in keys:
        assert (key["kty"], key["crv"], key["alg"]) == ("EC", "P-256", "ES256")
        assert "d" not in key


async def test_an_access_token_says_who_and_for_how_long(user: Running, ming: Person) -> None:
    claims = claims_of(ming.access_token)
    assert claims["iss"] == "jajaya"
    assert claims["aud"] == "jajaya-api"
    assert claims["sub"] == str(ming.account_id)
    assert claims["roles"] == ["user"]
    assert claims.keys() >= {"sid", "jti"}
    assert int(str(claims["exp"])) - int(str(claims["iat"])) == 900


async def test_an_access_token_is_over_after_fifteen_minutes(user: Running, ming: Person) -> None:
    assert (await user.http.get("/me", headers=ming.headers())).status_code == 200
    await user.pass_time(minutes=15, seconds=6)
    answer = await user.http.get("/me", headers=ming.headers())
    assert (answer.status_code, code_of(answer)) == (401, "token-refused")


async def test_forged_and_misused_tokens_are_refused(user: Running, ming: Person) -> None:
    whole = ming.access_token
    head, middle, signature = whole.split(".")
    stranger = ECKey.generate_key("P-256", private=True)
    kid = json.loads(base64.urlsafe_b64decode(head + "=="))["kid"]
    claims = claims_of(whole)

    def signed(key: ECKey, **header: str) -> str:
        base = {"alg": "ES256", "typ": "at+jwt", "kid": kid}
        return jwt.encode(base | header, claims, key, algorithms=["ES256"])

    own = user.tokens.private
    unsigned = base64.urlsafe_b64encode(b'{"alg":"none","typ":"at+jwt"}').decode().rstrip("=")
    other_claims = base64.urlsafe_b64encode(
        json.dumps(claims | {"roles": ["staff"]}).encode()
    ).decode()
    forged = [
        signed(stranger),
        signed(own, typ="svc+jwt"),
        signed(own, kid="another"),
        f"{unsigned}.{middle}.",
        f"{head}.{other_claims.rstrip('=')}.{signature}",
        f"{head}.{middle}.{signature[:-4]}AAAA",
        ming.refresh_token,
        "",
    ]
    assert signed(own)
    for token in forged:
        answer = await user.http.get("/me", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401, token
    answer = await user.http.get("/me")
    assert (answer.status_code, code_of(answer)) == (401, "token-missing")


async def test_who_lacks_the_user_role_sees_no_profile(user: Running, ming: Person) -> None:
    headers = user.bearer(ming.account_id, Role.WORKER)
    answer = await user.http.get("/me", headers=headers)
    assert (answer.status_code, code_of(answer)) == (403, "role-missing")


@pytest.fixture
def keys_file(user: Running, tmp_path: Path) -> Path:
    """A key file of our own, to rotate."""
    file = tmp_path / "user-tokens.jwks.json"
    shutil.copy(user.kit.settings.token_keys_file, file)  # type: ignore[attr-defined]
    return file


def kid_of(token: str) -> str:
    header: dict[str, str] = json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))
    return header["kid"]


async def test_one_verifier_refuses_nobody_while_a_key_is_rotated(
    service: Callable[..., Awaitable[Running]], sandbox: Sandbox, keys_file: Path
) -> None:
    settings = sandbox.settings() | {"USER_TOKEN_KEYS_FILE": keys_file}
    user = await service("user", **settings)

    async def published() -> dict[str, object]:
        read: dict[str, object] = as_json(await user.http.get("/.well-known/jwks.json"))
        return read

    async def logged_in() -> str:
        person = await log_in_by_wechat(user, name)
        assert (await user.http.get("/me", headers=person.headers())).status_code == 200
        assert (await verifier.verify(person.access_token, user.clock.now())).account_id
        return person.access_token

    name, verifier = f"rot-{new_id()}", UserTokens(published)
    before = await logged_in()
    kid = rotate(keys_file, user.clock.now())
    assert rotate(keys_file, user.clock.now()) == kid  # It waits; another one is not needed.
    assert kid_of(await logged_in()) == kid_of(before)

    await verifier.refresh()  # As every ten minutes.
    user.clock.advance_to(user.clock.offset_seconds + PUBLISHED_SECONDS - 5)
    assert kid_of(await logged_in()) == kid_of(before)
    assert (await verifier.verify(before, user.clock.now())).account_id
    user.clock.advance_to(user.clock.offset_seconds + 6)
    after = await logged_in()
    assert kid_of(after) == kid


async def test_keys_that_were_rotated_away_verify_no_more(user: Running, keys_file: Path) -> None:
    keys, now = TokenKeys(keys_file, 900), user.clock.now()
    token = keys.sign(new_id(), {Role.USER}, new_id(), now)
    for turn in range(1, KEPT_MAX + 1):
        assert await UserTokens(keys.published).verify(token, now)
        rotate(keys_file, now + timedelta(seconds=turn * PUBLISHED_SECONDS))
    assert len(keys.jwks()["keys"]) == KEPT_MAX
    with pytest.raises(TokenRefused):
        await UserTokens(keys.published).verify(token, now)


def test_when_the_leaked_key_is_removed_the_fresh_one_signs_at_once(
    user: Running, keys_file: Path
) -> None:
    keys, now = TokenKeys(keys_file, 900), user.clock.now()
    kid = rotate(keys_file, now)
    fresh, _leaked = json.loads(keys_file.read_text())["keys"]
    keys_file.write_text(json.dumps({"keys": [fresh]}))
    token = keys.sign(new_id(), {Role.USER}, new_id(), now)
    assert kid_of(token) == kid
    assert [key["kid"] for key in keys.jwks()["keys"]] == [kid]


def test_only_keys_that_sign_or_will_keep_their_private_half(
    user: Running, keys_file: Path
) -> None:
    now = user.clock.now()
    for turn in range(2):
        rotate(keys_file, now + timedelta(seconds=turn * PUBLISHED_SECONDS))
    keys = json.loads(keys_file.read_text())["keys"]
    assert ["d" in key for key in keys] == [True, True, False]
    assert keys_file.stat().st_mode & 0o077 == 0


async def test_the_service_verifies_by_its_own_file_from_its_first_request_on(
    service: Callable[..., Awaitable[Running]], sandbox: Sandbox
) -> None:
    user = await service("user", **sandbox.settings())
    ming = await log_in_by_wechat(user, f"first-{new_id()}")
    assert user.kit.settings.jwks_url == ""
    assert not user.kit.user_tokens.has_keys
    assert (await user.http.get("/me", headers=ming.headers())).status_code == 200
