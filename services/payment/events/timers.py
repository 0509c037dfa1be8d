"""What falls due in payment; each of it calls a channel or the bank."""

from services.payment.domain.ports import Channels, EscrowBank
from services.payment.use_cases.close_payments import close_payments
from services.payment.use_cases.decide_unpaid import decide_unpaid
from services.payment.use_cases.execute_settlement import execute_settlement
from services.payment.use_cases.poll_payment import poll_payment
from services.payment.use_cases.poll_refund import poll_refund
from services.payment.use_cases.send_refund import send_refund
from services.payment.use_cases.undo_payment import undo_payment
from shared.contracts.ids import OrderId, PaymentId, RefundId
from shared.kit.session import Begin
from shared.kit.timers import Timer, Timers


def timers(begin: Begin, channels: Channels, bank: EscrowBank) -> Timers:
    """The handlers by kind."""

    async def pay_deadline(timer: Timer) -> None:
        await decide_unpaid(begin, channels, OrderId(timer.ref))

    async def close(timer: Timer) -> None:
        await close_payments(begin, channels, OrderId(timer.ref))

    async def undo(timer: Timer) -> None:
        await undo_payment(begin, channels, PaymentId(timer.ref))

    async def poll(timer: Timer) -> None:
        await poll_payment(begin, channels, PaymentId(timer.ref))

    async def send(timer: Timer) -> None:
        await send_refund(begin, channels, RefundId(timer.ref))

    async def ask(timer: Timer) -> None:
        await poll_refund(begin, channels, RefundId(timer.ref))

    async def settle(timer: Timer) -> None:
        await execute_settlement(begin, bank, timer.ref)

    return Timers(
        outside={
            "pay_deadline": pay_deadline,
            "close_payments": close,
            "undo_payment": undo,
            "poll_payment": poll,
            "send_refund": send,
            "poll_refund": ask,
            "settle": settle,
        }
    )
