"""Hold a channel's word of a payment against our own row."""

from uuid import UUID

from services.payment.domain.payment import ChannelName, PaymentNotFound
from services.payment.domain.ports import NoticeRefused, Receipt
from services.payment.storage.incomings import incoming_for_update
from services.payment.use_cases.record_capture import record_capture
from shared.contracts.ids import PaymentId
from shared.kit.log import get_logger
from shared.kit.session import Transaction

log = get_logger(__name__)


async def hear_receipt(tx: Transaction, channel: ChannelName, receipt: Receipt) -> None:
    """Take money in if number, order, amount and currency are those of an attempt of ours.

    Raises NoticeRefused.
    """
    try:
        incoming = await incoming_for_update(tx, PaymentId(UUID(hex=receipt.number)))
    except (ValueError, PaymentNotFound) as unknown:
        log.error("payment.receipt_unknown", number=receipt.number)
        raise NoticeRefused("No attempt of ours.") from unknown
    told = (channel, receipt.amount, receipt.order_id, receipt.number)
    ours = (incoming.channel, incoming.amount, str(incoming.order_id), incoming.payment_id.hex)
    if told != ours:
        log.error("payment.receipt_differs", payment_id=str(incoming.payment_id))
        raise NoticeRefused("Not what was asked for.")

    await record_capture(tx, incoming, receipt)
