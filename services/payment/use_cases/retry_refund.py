"""Send a stuck refund to its channel once more, by staff."""

from services.payment.domain.refund import RefundMove
from services.payment.storage.payables import payable_for_update
from services.payment.storage.refunds import Refund, refund, refund_now
from shared.contracts.ids import AccountId, RefundId
from shared.kit.caller import Caller
from shared.kit.session import Transaction
from shared.privacy.masks import scrub


async def retry_refund(tx: Transaction, caller: Caller, refund_id: RefundId, note: str) -> Refund:
    """Try a stuck refund again; the channel is asked first, so that it is never paid twice.

    Raises RefundNotFound, MoveRefused, MoveForbidden.
    """
    await payable_for_update(tx, caller, (await refund(tx, refund_id)).order_id)
    mine = await refund_now(tx, refund_id)

    tx.move(mine, RefundMove.RETRY, by=caller)
    mine.note, mine.requested_by, mine.ended_at = scrub(note), AccountId(caller.id), None
    await tx.schedule("send_refund", mine.id, tx.now)
    return mine
