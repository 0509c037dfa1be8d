"""Let what is older than the window stop counting in a worker's credit."""

from uuid import UUID

from services.worker.domain.credit import FactKind, score_of
from services.worker.storage.credit import credit_for_update, keep_fact
from services.worker.use_cases.count_fact import WINDOW_TIMER
from shared.contracts.ids import WorkerId
from shared.contracts.worker import CreditChanged
from shared.kit.caller import Caller
from shared.kit.session import Transaction


async def forget_old_facts(
    tx: Transaction, caller: Caller, worker_id: WorkerId, cause_id: UUID
) -> None:
    """Ninety days have passed since a fact: the score is worked out without it.

    Raises WorkerNotFound. Tells worker.credit_changed.v1.
    """
    credit = await credit_for_update(tx, caller, worker_id, cause_id)

    score = score_of(credit.facts, tx.now)

    if score.lapses_at is not None:
        await tx.schedule(WINDOW_TIMER, worker_id, score.lapses_at)
    if score.points == credit.points:
        return
    keep_fact(tx, credit, None, FactKind.LAPSED, 0, cause_id, score.points)

    scores = {"credit": score.points / 100, "before": credit.points / 100}
    tx.publish(CreditChanged(worker_id=worker_id, cause=FactKind.LAPSED, **scores))
