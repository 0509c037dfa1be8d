"""Let what is older than the window stop counting in a worker's credit."""

from uuid import UUID

from services.worker.domain.credit import FactKind, lapses_at, terms_of
from services.worker.storage.credit import CreditEvent, recent_facts
from services.worker.storage.profiles import whole_state
from services.worker.storage.workers import worker_for_update
from services.worker.use_cases.count_fact import WINDOW_TIMER
from shared.contracts.ids import WorkerId
from shared.contracts.worker import CreditChanged, ProfileChanged
from shared.kit.caller import Caller
from shared.kit.session import Transaction


async def forget_old_facts(
    tx: Transaction, caller: Caller, worker_id: WorkerId, cause_id: UUID
) -> None:
    """Ninety days have passed since a fact: the score is worked out without it.

    Raises WorkerNotFound. Tells worker.credit_changed.v1, worker.profile_changed.v1.
    """
    worker = await worker_for_update(tx, caller, worker_id)
    facts = await recent_facts(tx, worker_id)

    before, after = worker.credit_points, terms_of(facts, tx.now).points()

    next_at = lapses_at(facts, tx.now)
    if next_at is not None:
        await tx.schedule(WINDOW_TIMER, worker_id, next_at)
    if after == before:
        return
    worker.credit_points = after
    row = CreditEvent(
        worker_id=worker_id,
        order_id=None,
        kind=FactKind.LAPSED,
        value=0,
        cause_id=cause_id,
        before=before,
        after=after,
        at=tx.now,
    )
    tx.write(row)

    scores = {"credit": after / 100, "before": before / 100}
    tx.publish(CreditChanged(worker_id=worker_id, cause=FactKind.LAPSED, **scores))
    tx.publish(ProfileChanged(**await whole_state(tx, worker)))
