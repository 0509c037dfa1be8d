"""Let something that happened on an order count in a worker's credit."""

from uuid import UUID

from services.worker.domain.credit import Fact, FactKind, lapses_at, terms_of
from services.worker.storage.credit import CreditEvent, has_counted, recent_facts
from services.worker.storage.profiles import whole_state
from services.worker.storage.workers import worker_for_update
from shared.contracts.ids import OrderId, WorkerId
from shared.contracts.worker import CreditChanged, ProfileChanged
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

    Raises WorkerNotFound. Tells worker.credit_changed.v1, worker.profile_changed.v1.
    """
    worker = await worker_for_update(tx, caller, worker_id)
    if await has_counted(tx, worker_id, cause_id):
        return
    facts = [*await recent_facts(tx, worker_id), Fact(order_id, kind, value, tx.now)]

    before, after = worker.credit_points, terms_of(facts, tx.now).points()
    is_done = kind is FactKind.COMPLETED

    worker.credit_points = after
    worker.jobs_done += is_done
    row = CreditEvent(
        worker_id=worker_id,
        order_id=order_id,
        kind=kind,
        value=value,
        cause_id=cause_id,
        before=before,
        after=after,
        at=tx.now,
    )
    tx.write(row)
    await tx.schedule(WINDOW_TIMER, worker_id, lapses_at(facts, tx.now) or tx.now)

    if after != before:
        scores = {"credit": after / 100, "before": before / 100}
        tx.publish(CreditChanged(worker_id=worker_id, order_id=order_id, cause=kind, **scores))
    if after != before or is_done:
        tx.publish(ProfileChanged(**await whole_state(tx, worker)))
