"""Close every attempt of an order that may still be paid."""

from services.payment.domain.payment import PaymentMove, channel_number
from services.payment.domain.ports import Channel, Channels, ChannelUnavailable, PayAnswer, Standing
from services.payment.storage.payables import payable_for_update
from services.payment.storage.payments import closable_payments, payment_for_update
from services.payment.use_cases.hear_receipt import hear_receipt
from shared.contracts.ids import OrderId
from shared.kit.caller import SYSTEM
from shared.kit.session import Begin


async def close_payments(begin: Begin, channels: Channels, order_id: OrderId) -> None:
    """Ask the channel about each open attempt; close it there and here, or take its money in.

    One that opened while the channel did not know it yet is open there too: it is asked again.

    Raises ChannelUnavailable, NoticeRefused.
    """
    async with begin.alone() as tx:
        attempts = await closable_payments(tx, order_id)
    for attempt in attempts:
        answer = await _close(channels[attempt.channel], channel_number(attempt.id))
        async with begin() as tx:
            if answer.receipt is not None:
                await hear_receipt(tx, attempt.channel, answer.receipt)
                continue
            await payable_for_update(tx, SYSTEM, order_id)
            mine = await payment_for_update(tx, attempt.id)
            if answer.standing is Standing.UNKNOWN and mine.state is PaymentMove.OPEN.target:
                raise ChannelUnavailable("It opened just now.", retry_after_seconds=2)
            if mine.state in PaymentMove.CLOSE.sources:
                tx.move(mine, PaymentMove.CLOSE, by=SYSTEM)
                await tx.cancel_timer("poll_payment", mine.id)


async def _close(channel: Channel, number: str) -> PayAnswer:
    """The receipt if it was paid after all; else it can no longer be paid, or is not known."""
    answer = await channel.query(number)
    if answer.standing is Standing.NOT_PAID and await channel.close(number) is Standing.PAID:
        answer = await channel.query(number)
        if answer.receipt is None:
            raise ChannelUnavailable("The channel contradicts itself.", retry_after_seconds=2)
    return answer
