"""The user service's command line.

``python -m services.user api | background | all | migrate | check``, and what operators do here:
``grant-staff [PHONE]`` and ``rotate-token-key [FILE]``.
"""

import sys
from pathlib import Path

from services.user.clients.token_keys import rotate
from services.user.clients.wechat import WechatLogin
from services.user.domain.account import Identity, IdentityKind
from services.user.domain.phone import e164
from services.user.settings import Settings
from services.user.use_cases.grant_role import grant_role
from services.user.use_cases.register_account import register_account
from shared.kit.caller import Role
from shared.kit.ids import new_id
from shared.kit.runtime import Kit
from shared.locales import Locale
from shared.run.process import main

_WECHAT = "wechat:"


async def grant_staff(kit: Kit, rest: list[str]) -> None:
    """Give somebody the staff role, opening their account if they have none; prints its id.

    ``grant-staff +85261234567`` names them by phone, ``grant-staff wechat:CODE`` by a fresh login
    code. Beside a sandbox nothing need be named: it is then whoever logs in as ``sandbox-staff``.
    """
    who = rest[0] if rest else _sandbox_staff(kit)
    identity = await _identity(kit, who)
    async with kit.begin() as tx:
        account = await register_account(tx, identity, Locale.ZH_HK)
        await grant_role(tx, account.id, Role.STAFF)
    sys.stdout.write(f"{account.id}\n")


async def rotate_token_key(kit: Kit, rest: list[str]) -> None:
    """Publish a fresh key, which signs in eleven minutes; the two before it still verify."""
    settings = kit.settings
    assert isinstance(settings, Settings)
    kid = rotate(Path(rest[0]) if rest else settings.token_keys_file, kit.clock.now())
    sys.stdout.write(f"{kid}\n")


def _sandbox_staff(kit: Kit) -> str:
    if not kit.settings.sandbox_url:
        sys.exit("grant-staff: name a phone, e.g. grant-staff +85261234567")
    return f"{_WECHAT}sandbox-staff.{new_id()}"


async def _identity(kit: Kit, who: str) -> Identity:
    settings = kit.settings
    assert isinstance(settings, Settings)
    if not who.startswith(_WECHAT):
        return Identity(IdentityKind.PHONE, e164(who))
    wechat = WechatLogin(kit.http, settings.wechat_api_url, settings.credentials_dir)
    return Identity(IdentityKind.WECHAT, await wechat.openid_of(who.removeprefix(_WECHAT)))


if __name__ == "__main__":
    commands = {"grant-staff": grant_staff, "rotate-token-key": rotate_token_key}
    main("services.user", commands)
