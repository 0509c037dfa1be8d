"""Set a worker's weekly hours."""

from collections.abc import Sequence

from services.worker.domain.schedule import check_shifts
from services.worker.storage.profiles import whole_state
from services.worker.storage.workers import Worker, worker_for_update
from shared.contracts.ids import WorkerId
from shared.contracts.worker import ProfileChanged, Shift
from shared.kit.caller import Caller
from shared.kit.session import Transaction


async def set_schedule(tx: Transaction, caller: Caller, shifts: Sequence[Shift]) -> Worker:
    """A worker says in which hours of the week they work; jobs already accepted stay.

    Raises WorkerNotFound, ShiftInvalid, ShiftsOverlap. Tells worker.profile_changed.v1.
    """
    worker = await worker_for_update(tx, caller, WorkerId(caller.id))

    check_shifts(shifts)
    ordered = sorted(shifts, key=lambda shift: (shift.weekday, shift.starts))

    worker.shifts = [shift.model_dump() for shift in ordered]

    tx.publish(ProfileChanged(**await whole_state(tx, worker)))
    return worker
