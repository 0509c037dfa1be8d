"""Send a refund to its channel."""

from services.payment.domain.payment import channel_number
from services.payment.domain.ports import (
    ChannelRefused,
    Channels,
    RefundAnswer,
    RefundOrder,
    RefundStanding,
)
from services.payment.domain.refund import RefundMove, next_poll_at
from services.payment.storage.payables import payable_for_update
from services.payment.storage.payments import payment
from services.payment.storage.refunds import refund, refund_for_update
from services.payment.use_cases.record_refund import record_refund
from shared.contracts.ids import RefundId
from shared.kit.caller import SYSTEM
from shared.kit.session import Begin


async def send_refund(begin: Begin, channels: Channels, refund_id: RefundId) -> None:
    """Ask the channel for the refund under its own number, as often as it takes.

    Raises ChannelUnavailable.
    """
    async with begin.alone() as tx:
        asked = await refund(tx, refund_id)
        if asked.state not in RefundMove.SEND.sources:
            return
        paid = await payment(tx, SYSTEM, asked.payment_id)

    numbers = (asked.id.hex, channel_number(paid.id))
    order = RefundOrder(*numbers, asked.amount, paid.amount, asked.reason)
    try:
        answer = await channels[asked.channel].refund(order)
    except ChannelRefused as refused:
        word = str(refused.facts["channel_code"])
        async with begin() as tx:
            failed = RefundAnswer(asked.id.hex, RefundStanding.CLOSED)
            await record_refund(tx, refund_id, failed, word)
        return

    async with begin() as tx:
        await payable_for_update(tx, SYSTEM, asked.order_id)
        mine = await refund_for_update(tx, refund_id)
        if mine.state in RefundMove.SEND.sources:  # Its notice may have been faster.
            tx.move(mine, RefundMove.SEND, by=SYSTEM)
            mine.channel_refund_id = answer.channel_refund_id
            await tx.schedule("poll_refund", refund_id, next_poll_at(tx.now, tx.now))
