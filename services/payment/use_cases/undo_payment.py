"""Undo an attempt that a crash or a silent channel cut in half."""

from services.payment.domain.payment import PaymentMove, channel_number
from services.payment.domain.ports import Channels
from services.payment.storage.payables import payable_for_update
from services.payment.storage.payments import payment, payment_for_update
from shared.contracts.ids import PaymentId
from shared.kit.caller import SYSTEM
from shared.kit.once import Steps
from shared.kit.session import Begin


async def undo_payment(begin: Begin, channels: Channels, payment_id: PaymentId) -> None:
    """Close an attempt whose prepay id nobody ever got, and free its Idempotency-Key.

    Raises ChannelUnavailable.
    """
    async with begin.alone() as tx:
        attempt = await payment(tx, SYSTEM, payment_id)
        is_half = attempt.state in PaymentMove.OPEN.sources

    if is_half:
        await channels[attempt.channel].close(channel_number(payment_id))

    async with Steps.resumed(begin, payment_id).undo() as tx:
        await payable_for_update(tx, SYSTEM, attempt.order_id)
        attempt = await payment_for_update(tx, payment_id)
        if attempt.state in PaymentMove.OPEN.sources:
            tx.move(attempt, PaymentMove.CLOSE, by=SYSTEM)
