"""Book a worker's calendar for a job they accepted."""

from datetime import timedelta
from typing import Any

from services.worker.domain.booking import (
    BookingReleased,
    BookingState,
    OfferBookedOtherwise,
    Slot,
    SlotTaken,
    WorkerNotAvailable,
    slot_of,
)
from services.worker.domain.schedule import each_day, hong_kong_day, works_throughout
from services.worker.domain.worker import WorkerState
from services.worker.storage.bookings import KnownBooking, find_booking, take_slot
from services.worker.storage.time_off import days_off_from
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
    told_before = await find_booking(tx, offer_id)
    if told_before is not None:
        return _again(told_before, worker_id, order_id, visit_id, job)
    await _check_available(tx, worker_id, worker, job)

    if not await take_slot(tx, offer_id, worker_id, order_id, visit_id, job, slot):
        twin = await find_booking(tx, offer_id)
        if twin is None:
            raise SlotTaken("Another job is booked at that time or too close to it.")
        return _again(twin, worker_id, order_id, visit_id, job)

    span = {"starts_at": slot.starts_at, "ends_at": slot.ends_at}
    ids = {"worker_id": worker_id, "order_id": order_id, "visit_id": visit_id}
    tx.publish(SlotBooked(offer_id=offer_id, **ids, **span))
    return {"offer_id": offer_id, **span}


async def _check_available(
    tx: Transaction, worker_id: WorkerId, worker: Bookable, job: Slot
) -> None:
    if worker.state is not WorkerState.APPROVED:
        raise WorkerNotAvailable(f"The worker is {worker.state}.", reason=worker.state)
    first = hong_kong_day(job.starts_at)
    days = await days_off_from(tx, worker_id, first)
    touched = each_day(first, hong_kong_day(job.ends_at - timedelta(microseconds=1)))
    if set(days) & set(touched):
        raise WorkerNotAvailable("The worker has that day off.", reason="day_off")
    shifts = [Shift(**shift) for shift in worker.shifts]
    if not works_throughout(shifts, (), job.starts_at, job.ends_at):
        raise WorkerNotAvailable("The worker does not work at that time.", reason="hours")


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
