"""Stop a worker from taking jobs."""

from services.worker.domain.worker import WorkerMove
from services.worker.storage.decisions import write_decision
from services.worker.storage.profiles import whole_state
from services.worker.storage.workers import Worker, worker_for_update
from shared.contracts.ids import WorkerId
from shared.contracts.worker import ProfileChanged, WorkerSuspended
from shared.kit.caller import Caller
from shared.kit.session import Transaction


async def suspend_worker(
    tx: Transaction, caller: Caller, worker_id: WorkerId, reason: str
) -> Worker:
    """Staff take a worker out of dispatch; jobs already accepted stay theirs to do or give back.

    Raises WorkerNotFound, MoveRefused, MoveForbidden.
    Tells worker.suspended.v1, worker.profile_changed.v1.
    """
    worker = await worker_for_update(tx, caller, worker_id)

    tx.move(worker, WorkerMove.SUSPEND, by=caller)

    kept = write_decision(tx, caller, worker_id, WorkerMove.SUSPEND, reason)
    worker.refusal = kept

    tx.publish(WorkerSuspended(worker_id=worker_id, reason=kept))
    tx.publish(ProfileChanged(**await whole_state(tx, worker)))
    return worker
