"""Book a worker's calendar for a job they accepted."""

from typing import Any, NoReturn

from services.worker.domain.booking import (
    BookingReleased,
    BookingState,
    OfferBookedOtherwise,
    Slot,
    SlotTaken,
    WorkerNotAvailable,
    slot_of,
)
from services.worker.domain.schedule import Days, days_touched, works_throughout
from services.worker.domain.worker import WorkerState
from services.worker.storage.bookings import KnownBooking, find_booking, take_slot
from services.worker.storage.time_off import is_off_between
from services.worker.storage.workers import Bookable, worker_for_booking
from shared.contracts.ids import OfferId, OrderId, VisitId, WorkerId
from shared.contracts.worker import Shift, SlotBooked
from shared.kit.caller import Caller
from shared.kit.session import Transaction


async def book_slot(
    tx: Transaction,
    caller: Caller,
    offer_id: OfferId,
    worker_id: WorkerId,
    order_id: OrderId,
    visit_id: VisitId,
    job: Slot,
) -> dict[str, Any]:
    """The worker's calendar is taken for the job and the ways there and back, once per offer.

    Raises WorkerNotFound, IntervalInvalid, WorkerNotAvailable, SlotTaken, BookingReleased,
    OfferBookedOtherwise. Tells worker.slot_booked.v1.
    """
    worker = await worker_for_booking(tx, caller, worker_id)
    slot = slot_of(job.starts_at, job.ends_at, worker.travel_buffer_seconds)
    days = days_touched(job.starts_at, job.ends_at)

    booking = (offer_id, worker_id, order_id, visit_id, job)
    is_taken = _may_work(worker, job) and await take_slot(tx, *booking, slot, days)
    if not is_taken:
        known = await find_booking(tx, offer_id)
        if known is None:
            await _refuse(tx, worker_id, worker, job, days)
        return _again(known, worker_id, order_id, visit_id, job)

    span = {"starts_at": slot.starts_at, "ends_at": slot.ends_at}
    ids = {"worker_id": worker_id, "order_id": order_id, "visit_id": visit_id}
    tx.publish(SlotBooked(offer_id=offer_id, **ids, **span))
    return {"offer_id": offer_id, **span}


def _may_work(worker: Bookable, job: Slot) -> bool:
    return worker.state is WorkerState.APPROVED and _is_in_hours(worker, job)


def _is_in_hours(worker: Bookable, job: Slot) -> bool:
    shifts = [Shift(**shift) for shift in worker.shifts]
    return works_throughout(shifts, (), job.starts_at, job.ends_at)


async def _refuse(
    tx: Transaction, worker_id: WorkerId, worker: Bookable, job: Slot, days: Days
) -> NoReturn:
    """Say what stood in the way. The worker is locked: their hours and days off are the same."""
    if worker.state is not WorkerState.APPROVED:
        raise WorkerNotAvailable(f"The worker is {worker.state}.", reason=worker.state)
    if await is_off_between(tx, worker_id, *days):
        raise WorkerNotAvailable("The worker has that day off.", reason="day_off")
    if not _is_in_hours(worker, job):
        raise WorkerNotAvailable("The worker does not work at that time.", reason="hours")
    raise SlotTaken("Another job is booked at that time or too close to it.")


def _again(
    known: KnownBooking, worker_id: WorkerId, order_id: OrderId, visit_id: VisitId, job: Slot
) -> dict[str, Any]:
    """The first answer, to the same call; a tombstone refuses it."""
    if known.state is BookingState.RELEASED:
        raise BookingReleased("This offer's booking was released.", offer_id=known.id)
    mine = (worker_id, order_id, visit_id, job.starts_at, job.ends_at)
    its = (known.worker_id, known.order_id, known.visit_id, known.job_starts_at, known.job_ends_at)
    if mine != its:
        raise OfferBookedOtherwise("This offer has booked something else.", offer_id=known.id)
    return {"offer_id": known.id, "starts_at": known.slot_starts_at, "ends_at": known.slot_ends_at}
