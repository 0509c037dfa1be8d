"""What falls due in the user service."""

from services.user.domain.session import SessionId
from services.user.storage.login_codes import forget_login_code
from services.user.use_cases.expire_session import expire_session
from shared.kit.session import Transaction
from shared.kit.timers import Timer, Timers


def timers() -> Timers:
    """Sessions end, and login codes are forgotten once no limit counts them."""

    async def end_session(tx: Transaction, timer: Timer) -> None:
        await expire_session(tx, SessionId(timer.ref))

    async def forget_code(tx: Transaction, timer: Timer) -> None:
        await forget_login_code(tx, timer.ref)

    return Timers(inside={"expire_session": end_session, "forget_login_code": forget_code})
