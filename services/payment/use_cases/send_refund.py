"""Send a refund to its channel."""

from services.payment.domain.payment import channel_number
from services.payment.domain.ports import (
    Channel,
    ChannelRefused,
    Channels,
    RefundAnswer,
    RefundOrder,
    RefundStanding,
)
from services.payment.domain.refund import RefundMove, next_poll_at, refund_number
from services.payment.storage.payables import payable_for_update
from services.payment.storage.payments import payment
from services.payment.storage.refunds import Refund, refund, refund_now
from services.payment.use_cases.record_refund import record_refund
from shared.contracts.ids import RefundId
from shared.kit.caller import SYSTEM
from shared.kit.session import Begin

_ENDED = {RefundStanding.SUCCEEDED, RefundStanding.ABNORMAL}


async def send_refund(begin: Begin, channels: Channels, refund_id: RefundId) -> None:
    """Ask the channel for the refund under its number, as often as it takes.

    What the channel took in before is asked about first, and asked for again, under a new number,
    only where that one is closed. What it cannot give the user waits for staff at the channel.

    Raises ChannelUnavailable.
    """
    async with begin.alone() as tx:
        asked = await refund(tx, refund_id)
        if asked.state not in RefundMove.SEND.sources:
            return
        paid = await payment(tx, SYSTEM, asked.payment_id)

    channel = channels[asked.channel]
    tries = await _tries(begin, channel, asked) if asked.channel_refund_id else asked.tries
    if tries is None:
        return
    numbers = (refund_number(asked.id, tries), channel_number(paid.id))
    order = RefundOrder(*numbers, asked.amount, paid.amount, asked.reason)
    try:
        answer = await channel.refund(order)
    except ChannelRefused as refused:
        word = str(refused.facts["channel_code"])
        async with begin() as tx:
            failed = RefundAnswer(order.number, RefundStanding.CLOSED)
            await record_refund(tx, refund_id, failed, word)
        return
    await _note_sent(begin, asked, tries, answer)


async def _tries(begin: Begin, channel: Channel, asked: Refund) -> int | None:
    """Which number is to be asked for, written down before it is; None where it has ended."""
    known = await channel.query_refund(refund_number(asked.id, asked.tries))
    async with begin() as tx:
        if known.standing in _ENDED:
            await record_refund(tx, asked.id, known, known.standing)
            return None
        await payable_for_update(tx, SYSTEM, asked.order_id)
        mine = await refund_now(tx, asked.id)
        if mine.state not in RefundMove.SEND.sources:
            return None
        if known.standing is RefundStanding.CLOSED and mine.tries == asked.tries:
            mine.tries, mine.channel_refund_id = asked.tries + 1, ""
        return mine.tries


async def _note_sent(begin: Begin, asked: Refund, tries: int, answer: RefundAnswer) -> None:
    """The channel has it, unless its notice was faster."""
    async with begin() as tx:
        await payable_for_update(tx, SYSTEM, asked.order_id)
        mine = await refund_now(tx, asked.id)
        if mine.state in RefundMove.SEND.sources and mine.tries == tries:
            tx.move(mine, RefundMove.SEND, by=SYSTEM)
            mine.channel_refund_id = answer.channel_refund_id
            await tx.schedule("poll_refund", mine.id, next_poll_at(tx.now, tx.now))
