"""Send a login code to a phone."""

from datetime import timedelta
from uuid import UUID

from services.user.domain.login_code import (
    CodeRules,
    LoginCodeMove,
    PhoneUnreachable,
    TooManyCodes,
    sms_text,
    wait_seconds,
)
from services.user.domain.ports import Sms
from services.user.storage.accounts import phone_index
from services.user.storage.login_codes import (
    LoginCode,
    address_index,
    asked_by_address,
    asked_by_phone,
    lock_askers,
)
from shared.kit.caller import SYSTEM
from shared.kit.ids import new_id
from shared.kit.session import Begin, Transaction
from shared.locales import Locale

_FORGET_AFTER_SECONDS = 86_400  # The widest limit looks back a day.


async def request_login_code(
    begin: Begin,
    sms: Sms,
    rules: CodeRules,
    code: str,
    phone: str,
    client_address: str,
    locale: Locale,
) -> UUID:
    """A phone gets a code to log in with; whether it has an account makes no difference.

    Raises TooManyCodes, PhoneUnreachable, Unavailable.
    """
    request_id: UUID = new_id()
    async with begin() as tx:
        phone_is, address_is = phone_index(tx, phone), address_index(tx, client_address)
        await lock_askers(tx, phone_is, address_is)
        await _check_limits(tx, rules, phone_is, address_is)
        tx.add(
            LoginCode(
                id=request_id,
                phone_index=phone_is,
                address_index=address_is,
                digest=rules.digest(request_id, phone, code),
                created_at=tx.now,
                expires_at=tx.now + timedelta(seconds=rules.seconds),
            )
        )
        forget_at = tx.now + timedelta(seconds=_FORGET_AFTER_SECONDS)
        await tx.schedule("forget_login_code", request_id, forget_at)

    try:
        await sms.send(phone, sms_text(code, rules.seconds, locale))
    except PhoneUnreachable:
        async with begin() as tx:
            await tx.move_where(LoginCode, request_id, LoginCodeMove.GIVE_UP, by=SYSTEM)
        raise
    return request_id


async def _check_limits(
    tx: Transaction, rules: CodeRules, phone_is: bytes, address_is: bytes
) -> None:
    widest = max((limit.seconds for limit in (*rules.per_phone, *rules.per_address)), default=0)
    by_phone = await asked_by_phone(tx, phone_is, widest)
    by_address = await asked_by_address(tx, address_is, widest)
    wait = max(
        wait_seconds(by_phone, tx.now, rules.per_phone),
        wait_seconds(by_address, tx.now, rules.per_address),
    )
    if wait:
        raise TooManyCodes("Ask again later.", retry_after_seconds=wait)
