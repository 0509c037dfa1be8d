"""Ask a channel how a refund stands, in case its notice is lost."""

from services.payment.domain.ports import Channels, RefundStanding
from services.payment.domain.refund import RefundMove, next_poll_at, refund_number
from services.payment.storage.refunds import refund
from services.payment.use_cases.record_refund import record_refund
from shared.contracts.ids import RefundId
from shared.kit.session import Begin


async def poll_refund(begin: Begin, channels: Channels, refund_id: RefundId) -> None:
    """Query one refund: record its end, or ask again by the plan.

    Raises ChannelUnavailable.
    """
    async with begin.alone() as tx:
        asked = await refund(tx, refund_id)
        if asked.state not in RefundMove.FAIL.sources:
            return

    answer = await channels[asked.channel].query_refund(refund_number(asked.id, asked.tries))

    async with begin() as tx:
        if answer.standing in (RefundStanding.PROCESSING, RefundStanding.UNKNOWN):
            again_at = next_poll_at(asked.requested_at, tx.now)
            await tx.schedule("poll_refund", refund_id, again_at)
            return
        await record_refund(tx, refund_id, answer, answer.standing)
