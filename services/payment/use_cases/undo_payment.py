"""Undo an attempt that a crash or a silent channel cut in half."""

from services.payment.domain.payment import PaymentMove, channel_number
from services.payment.domain.ports import Channel, Channels, ChannelUnavailable, Receipt, Standing
from services.payment.storage.payables import payable_for_update
from services.payment.storage.payments import payment, payment_for_update
from services.payment.use_cases.hear_receipt import hear_receipt
from shared.contracts.ids import PaymentId
from shared.kit.caller import SYSTEM
from shared.kit.once import Steps
from shared.kit.session import Begin


async def undo_payment(begin: Begin, channels: Channels, payment_id: PaymentId) -> None:
    """Close an attempt whose prepay id nobody ever got, and free its Idempotency-Key.

    Should it have been paid all the same, its money is taken in.

    Raises ChannelUnavailable, NoticeRefused.
    """
    async with begin.alone() as tx:
        attempt = await payment(tx, SYSTEM, payment_id)
        is_half = attempt.state in PaymentMove.OPEN.sources

    receipt = None
    if is_half:
        receipt = await _close(channels[attempt.channel], channel_number(payment_id))

    async with Steps.resumed(begin, payment_id).undo() as tx:
        if receipt is not None:
            await hear_receipt(tx, attempt.channel, receipt)
            return
        await payable_for_update(tx, SYSTEM, attempt.order_id)
        attempt = await payment_for_update(tx, payment_id)
        if attempt.state in PaymentMove.OPEN.sources:
            tx.move(attempt, PaymentMove.CLOSE, by=SYSTEM)


async def _close(channel: Channel, number: str) -> Receipt | None:
    """Close it at the channel; the receipt where that is too late."""
    if await channel.close(number) is not Standing.PAID:
        return None
    receipt = (await channel.query(number)).receipt
    if receipt is None:
        raise ChannelUnavailable("The channel contradicts itself.", retry_after_seconds=2)
    return receipt
