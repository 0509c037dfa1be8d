"""Take in a channel's verified notice."""

from uuid import UUID

from services.payment.domain.payment import ChannelName
from services.payment.domain.ports import Notice, NoticeRefused, RefundAnswer
from services.payment.domain.refund import RefundNotFound, refund_number
from services.payment.storage.notices import is_new_notice
from services.payment.storage.refunds import Refund, refund
from services.payment.use_cases.hear_receipt import hear_receipt
from services.payment.use_cases.record_refund import record_refund
from shared.contracts.ids import RefundId
from shared.kit.log import get_logger
from shared.kit.session import Transaction

_ID_LENGTH = 32  # A refund's number begins with its id.

log = get_logger(__name__)


async def hear_notice(tx: Transaction, channel: ChannelName, notice: Notice) -> None:
    """A payment or a refund of ours has ended; a second copy of the notice changes nothing.

    Raises NoticeRefused.
    """
    if not await is_new_notice(tx, channel, notice):
        return
    if notice.receipt is not None:
        await hear_receipt(tx, channel, notice.receipt)
    if notice.refund is not None:
        mine = await _refund_of(tx, channel, notice.refund)
        await record_refund(tx, mine.id, notice.refund, notice.refund.standing)


async def _refund_of(tx: Transaction, channel: ChannelName, told: RefundAnswer) -> Refund:
    """The refund this is about, if it is ours in every part."""
    try:
        mine = await refund(tx, RefundId(UUID(hex=told.number[:_ID_LENGTH])))
    except (ValueError, RefundNotFound) as unknown:
        log.error("refund.notice_unknown", number=told.number)
        raise NoticeRefused("No refund of ours.") from unknown
    numbers = {refund_number(mine.id, tries) for tries in range(1, mine.tries + 1)}
    ours = (mine.channel, mine.amount, mine.payment_id.hex)
    if told.number not in numbers or (channel, told.amount, told.payment_number) != ours:
        log.error("refund.notice_differs", refund_id=str(mine.id))
        raise NoticeRefused("Not what was asked for.")
    return mine
