"""Refuse an application."""

from services.worker.domain.worker import WorkerMove
from services.worker.storage.decisions import write_decision
from services.worker.storage.workers import Worker, worker_for_update
from shared.contracts.ids import WorkerId
from shared.kit.caller import Caller
from shared.kit.session import Transaction


async def reject_worker(
    tx: Transaction, caller: Caller, worker_id: WorkerId, reason: str
) -> Worker:
    """Staff refuse an application and say why; the person may apply again.

    Raises WorkerNotFound, MoveRefused, MoveForbidden. Tells nobody.
    """
    worker = await worker_for_update(tx, caller, worker_id)

    tx.move(worker, WorkerMove.REJECT, by=caller)

    worker.refusal = write_decision(tx, caller, worker_id, WorkerMove.REJECT, reason)
    return worker
