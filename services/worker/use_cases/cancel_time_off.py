"""Give days off back."""

from uuid import UUID

from services.worker.domain.schedule import TimeOffMove
from services.worker.storage.profiles import whole_state
from services.worker.storage.time_off import TimeOff, time_off_for_update
from services.worker.storage.workers import worker_for_update
from shared.contracts.ids import WorkerId
from shared.contracts.worker import ProfileChanged
from shared.kit.caller import Caller
from shared.kit.session import Transaction


async def cancel_time_off(tx: Transaction, caller: Caller, time_off_id: UUID) -> TimeOff:
    """A worker works on these days after all.

    Raises WorkerNotFound, TimeOffNotFound, MoveRefused, MoveForbidden.
    Tells worker.profile_changed.v1.
    """
    worker = await worker_for_update(tx, caller, WorkerId(caller.id))
    taken = await time_off_for_update(tx, caller, time_off_id)

    tx.move(taken, TimeOffMove.CANCEL, by=caller)

    tx.publish(ProfileChanged(**await whole_state(tx, worker)))
    return taken
