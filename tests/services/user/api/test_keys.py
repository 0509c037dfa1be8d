"""Access tokens, and the keys by which others verify them."""

import base64
import json
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from services.user.clients.token_keys import KEPT_MAX, rotate
from shared.kit.caller import Role
from shared.kit.ids import new_id
from shared.tokens import SigningKey, TokenRefused, UserTokens
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


async def test_a_rotated_key_signs_at_once_and_the_old_tokens_still_verify(
    service: Callable[..., Awaitable[Running]], sandbox: Sandbox, keys_file: Path
) -> None:
    settings = sandbox.settings() | {"USER_TOKEN_KEYS_FILE": keys_file}
    user = await service("user", **settings)

    async def published() -> dict[str, object]:
        read: dict[str, object] = as_json(await user.http.get("/.well-known/jwks.json"))
        return read

    user.kit.user_tokens = UserTokens(published)
    name = f"rot-{new_id()}"
    before = await log_in_by_wechat(user, name)
    assert (await user.http.get("/me", headers=before.headers())).status_code == 200

    kid = rotate(keys_file)
    after = await log_in_by_wechat(user, name)
    verifier = UserTokens(published)
    assert (await verifier.verify(after.access_token, user.clock.now())).account_id
    assert (await verifier.verify(before.access_token, user.clock.now())).account_id
    header = json.loads(base64.urlsafe_b64decode(after.access_token.split(".")[0] + "=="))
    assert header["kid"] == kid

    for _ in range(KEPT_MAX):
        rotate(keys_file)
    assert len(SigningKey.load(keys_file).jwks["keys"]) == KEPT_MAX
    with pytest.raises(TokenRefused):
        await UserTokens(published).verify(after.access_token, user.clock.now())


def test_only_the_signing_key_keeps_its_private_half(keys_file: Path) -> None:
    rotate(keys_file)
    first, *others = json.loads(keys_file.read_text())["keys"]
    assert "d" in first
    assert others
    assert not any("d" in key for key in others)
    assert keys_file.stat().st_mode & 0o077 == 0
