"""Record how a refund ended."""

from services.payment.domain import ledger
from services.payment.domain.ports import RefundAnswer, RefundStanding
from services.payment.domain.refund import RefundMove, refund_number
from services.payment.storage.ledger import post, promotions_spent
from services.payment.storage.payables import capture_of, payable_for_update
from services.payment.storage.refunds import (
    Refund,
    refund,
    refund_now,
    refunded_so_far,
)
from shared.contracts.ids import RefundId
from shared.contracts.payment import Refunded, RefundFailed
from shared.kit.caller import SYSTEM
from shared.kit.log import get_logger
from shared.kit.session import Transaction

_MOVES = {
    RefundStanding.SUCCEEDED: RefundMove.SUCCEED,
    RefundStanding.ABNORMAL: RefundMove.STRAND,
    RefundStanding.CLOSED: RefundMove.FAIL,
}

log = get_logger(__name__)


async def record_refund(
    tx: Transaction, refund_id: RefundId, answer: RefundAnswer, problem: str
) -> None:
    """The user has their money, or staff must look. Hearing it again changes nothing.

    Nor does anything that is said of a number which was closed before.

    Raises RefundNotFound. Tells payment.refunded.v1, payment.refund_failed.v1.
    """
    order_id = (await refund(tx, refund_id)).order_id
    payable = await payable_for_update(tx, SYSTEM, order_id)
    mine = await refund_now(tx, refund_id)
    if answer.number != refund_number(mine.id, mine.tries):
        log.warning("refund.old_number_heard", number=answer.number, standing=answer.standing)
        return
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
    """Whether the user has all they paid, and no discount was spent on the work either."""
    capture = await capture_of(tx, mine.order_id)
    back = await refunded_so_far(tx, mine.order_id)
    if capture is None or back < capture.amount.minor:
        return False
    return not await promotions_spent(tx, mine.order_id)
