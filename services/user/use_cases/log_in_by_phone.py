"""Log in with a code that came by SMS."""

from uuid import UUID

from services.user.domain.account import Identity, IdentityKind
from services.user.domain.login_code import (
    CodeRules,
    LoginCodeMove,
    LoginCodeOver,
    LoginCodeState,
    LoginCodeWrong,
)
from services.user.domain.session import Lifetimes, OpenedSession
from services.user.storage.accounts import phone_index
from services.user.storage.login_codes import LoginCode, login_code_for_update
from services.user.use_cases.open_session import open_session
from services.user.use_cases.register_account import register_account
from shared.kit.caller import SYSTEM
from shared.kit.session import Transaction
from shared.locales import Locale


async def log_in_by_phone(
    tx: Transaction,
    rules: CodeRules,
    lifetimes: Lifetimes,
    request_id: UUID,
    phone: str,
    code: str,
    refresh_token: str,
    locale: Locale,
) -> OpenedSession | LoginCodeWrong | LoginCodeOver:
    """Who types in the code holds the phone; the first time this opens an account.

    A refusal is returned, not raised: the wrong try that it counts must be kept.
    """
    asked = await login_code_for_update(tx, request_id)

    if asked is None or asked.phone_index != phone_index(tx, phone):
        return LoginCodeWrong("Ask for a code with this phone first.")
    if asked.state is not LoginCodeState.WAITING or tx.now >= asked.expires_at:
        return LoginCodeOver("Ask for another code.")
    if not rules.matches(asked.digest, request_id, phone, code):
        return _count_wrong_try(tx, asked, rules.tries_max)

    tx.move(asked, LoginCodeMove.USE, by=SYSTEM)
    account = await register_account(tx, Identity(IdentityKind.PHONE, phone), locale)

    return await open_session(tx, lifetimes, account.id, refresh_token)


def _count_wrong_try(tx: Transaction, asked: LoginCode, tries_max: int) -> LoginCodeWrong:
    asked.tries += 1
    if asked.tries >= tries_max:
        tx.move(asked, LoginCodeMove.SPEND, by=SYSTEM)
    return LoginCodeWrong("The code is wrong.", tries_left=tries_max - asked.tries)
