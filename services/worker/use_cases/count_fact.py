"""Let something that happened on an order count in a worker's credit."""

from uuid import UUID

from services.worker.domain.credit import Fact, FactKind, score_of
from services.worker.storage.credit import credit_for_update, keep_fact
from shared.contracts.ids import OrderId, WorkerId
from shared.contracts.worker import CreditChanged
from shared.kit.caller import Caller
from shared.kit.session import Transaction

WINDOW_TIMER = "credit_window"


async def count_fact(
    tx: Transaction,
    caller: Caller,
    worker_id: WorkerId,
    order_id: OrderId,
    kind: FactKind,
    value: int,
    cause_id: UUID,
) -> None:
    """A fact moves the score once, however often it is told; a completed job also counts as done.

    Raises WorkerNotFound. Tells worker.credit_changed.v1.
    """
    credit = await credit_for_update(tx, caller, worker_id, cause_id)
    if credit.has_counted:
        return

    score = score_of([*credit.facts, Fact(order_id, kind, value, tx.now)], tx.now)

    keep_fact(tx, credit, order_id, kind, value, cause_id, score.points)
    await tx.schedule(WINDOW_TIMER, worker_id, score.lapses_at or tx.now)

    if score.points != credit.points:
        scores = {"credit": score.points / 100, "before": credit.points / 100}
        tx.publish(CreditChanged(worker_id=worker_id, order_id=order_id, cause=kind, **scores))
