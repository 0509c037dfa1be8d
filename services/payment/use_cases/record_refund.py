"""Record how a refund ended."""

from services.payment.domain import ledger
from services.payment.domain.ports import RefundAnswer, RefundStanding
from services.payment.domain.refund import RefundMove
from services.payment.storage.ledger import post
from services.payment.storage.payables import capture_of, payable_for_update
from services.payment.storage.refunds import (
    Refund,
    refund,
    refund_for_update,
    refunded_so_far,
)
from shared.contracts.ids import RefundId
from shared.contracts.payment import Refunded, RefundFailed
from shared.kit.caller import SYSTEM
from shared.kit.session import Transaction

_MOVES = {
    RefundStanding.SUCCEEDED: RefundMove.SUCCEED,
    RefundStanding.ABNORMAL: RefundMove.STRAND,
    RefundStanding.CLOSED: RefundMove.FAIL,
}


async def record_refund(
    tx: Transaction, refund_id: RefundId, answer: RefundAnswer, problem: str
) -> None:
    """The user has their money, or staff must look. Hearing it again changes nothing.

    Raises RefundNotFound. Tells payment.refunded.v1, payment.refund_failed.v1.
    """
    order_id = (await refund(tx, refund_id)).order_id
    payable = await payable_for_update(tx, SYSTEM, order_id)
    mine = await refund_for_update(tx, refund_id)
    move = _MOVES.get(answer.standing)
    if move is None or mine.state not in move.sources:
        return

    tx.move(mine, move, by=SYSTEM)
    mine.channel_refund_id = answer.channel_refund_id or mine.channel_refund_id
    mine.ended_at = tx.now
    await tx.cancel_timer("poll_refund", refund_id)
    told = {"order_id": order_id, "user_id": payable.user_id, "refund_id": refund_id}
    if move is not RefundMove.SUCCEED:
        mine.problem = problem[:200]
        tx.publish(RefundFailed(**told, amount=mine.amount, reason=mine.problem))
        return

    mine.problem = ""
    await post(tx, ledger.refunded(mine.id, order_id, mine.channel, mine.amount))
    full = not mine.late and await _is_all(tx, mine)
    tx.publish(Refunded(**told, amount=mine.amount, full=full, late=mine.late))


async def _is_all(tx: Transaction, mine: Refund) -> bool:
    """Whether nothing of the payment is left."""
    capture = await capture_of(tx, mine.order_id)
    back = await refunded_so_far(tx, mine.order_id)
    return capture is not None and back >= capture.amount.minor
