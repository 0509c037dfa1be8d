"""Log in with the code that WeChat gave the mini-program."""

from services.user.domain.account import Identity, IdentityKind
from services.user.domain.ports import Wechat
from services.user.domain.session import Lifetimes, OpenedSession
from services.user.use_cases.open_session import open_session
from services.user.use_cases.register_account import register_account
from shared.kit.session import Begin
from shared.locales import Locale


async def log_in_by_wechat(
    begin: Begin,
    wechat: Wechat,
    lifetimes: Lifetimes,
    code: str,
    refresh_token: str,
    locale: Locale,
) -> OpenedSession:
    """WeChat says who holds the code; the first time this opens an account.

    Raises WechatCodeRefused, Unavailable.
    """
    openid = await wechat.openid_of(code)  # Nothing to undo: the code alone is used up.

    async with begin() as tx:
        account = await register_account(tx, Identity(IdentityKind.WECHAT, openid), locale)
        return await open_session(tx, lifetimes, account.id, refresh_token)
