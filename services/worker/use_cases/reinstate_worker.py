"""Lift a suspension."""

from services.worker.domain.worker import WorkerMove, check_another
from services.worker.storage.decisions import write_decision
from services.worker.storage.profiles import whole_state
from services.worker.storage.workers import Worker, worker_for_update
from shared.contracts.ids import WorkerId
from shared.contracts.worker import ProfileChanged
from shared.kit.caller import Caller
from shared.kit.session import Transaction


async def reinstate_worker(
    tx: Transaction, caller: Caller, worker_id: WorkerId, reason: str
) -> Worker:
    """Staff let a suspended worker take jobs again, with the skills they had.

    Raises WorkerNotFound, OwnFile, MoveRefused, MoveForbidden. Tells worker.profile_changed.v1.
    """
    worker = await worker_for_update(tx, caller, worker_id)

    check_another(caller.id, worker_id)
    tx.move(worker, WorkerMove.REINSTATE, by=caller)

    worker.refusal = None
    write_decision(tx, caller, worker_id, WorkerMove.REINSTATE, reason)

    tx.publish(ProfileChanged(**await whole_state(tx, worker)))
    return worker
