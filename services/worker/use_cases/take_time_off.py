"""Take days off."""

from datetime import date, timedelta

from services.worker.domain.schedule import (
    BookedInTimeOff,
    TimeOffOverlaps,
    check_time_off,
    first_instant,
    hong_kong_day,
)
from services.worker.storage.bookings import is_booked_between
from services.worker.storage.profiles import whole_state
from services.worker.storage.time_off import TimeOff, is_off_between
from services.worker.storage.workers import worker_for_update
from shared.contracts.ids import WorkerId
from shared.contracts.worker import ProfileChanged
from shared.kit.caller import Caller
from shared.kit.session import Transaction
from shared.privacy.masks import scrub


async def take_time_off(
    tx: Transaction, caller: Caller, first_on: date, last_on: date, note: str
) -> TimeOff:
    """A worker takes Hong Kong calendar days off, on which they have no job yet.

    Raises WorkerNotFound, TimeOffInvalid, TimeOffOverlaps, BookedInTimeOff.
    Tells worker.profile_changed.v1.
    """
    worker = await worker_for_update(tx, caller, WorkerId(caller.id))

    check_time_off(hong_kong_day(tx.now), first_on, last_on)
    if await is_off_between(tx, worker.id, first_on, last_on):
        raise TimeOffOverlaps(field="first_on", reason="overlaps days off already taken")
    begins, ends = first_instant(first_on), first_instant(last_on + timedelta(days=1))
    if await is_booked_between(tx, worker.id, begins, ends):
        raise BookedInTimeOff(field="first_on", reason="a job is booked on these days")

    taken = TimeOff(worker_id=worker.id, first_on=first_on, last_on=last_on, note=scrub(note))
    tx.add(taken)

    tx.publish(ProfileChanged(**await whole_state(tx, worker)))
    return taken
