"""What dispatch asks of the calendar when a worker accepts an offer, or loses it."""

from uuid import UUID

from fastapi import APIRouter
from pydantic import AwareDatetime

from services.worker.api.shapes import Request, View
from services.worker.domain.booking import (
    BookingReleased,
    IntervalInvalid,
    OfferBookedOtherwise,
    Slot,
    SlotTaken,
    WorkerNotAvailable,
)
from services.worker.domain.worker import WorkerNotFound
from services.worker.use_cases.book_slot import book_slot
from services.worker.use_cases.release_slot import release_slot
from shared.contracts.ids import OfferId, OrderId, VisitId, WorkerId
from shared.kit.web import BeginDep, InternalCaller, problems

router = APIRouter(prefix="/internal/bookings", tags=["internal"])


class BookingRequest(Request):
    """A job that a worker accepted."""

    offer_id: UUID
    worker_id: UUID
    order_id: UUID
    visit_id: UUID
    starts_at: AwareDatetime
    ends_at: AwareDatetime


class BookedView(View):
    """The slot that is taken, with the ways there and back."""

    offer_id: UUID
    starts_at: AwareDatetime
    ends_at: AwareDatetime


class ReleaseRequest(Request):
    """Whose booking for which order is given up."""

    worker_id: UUID
    order_id: UUID


class ReleasedView(View):
    """Whether there was a booking to release; if not, there can never be one."""

    released: bool


@router.post(
    "",
    responses=problems(
        WorkerNotFound,
        SlotTaken,
        WorkerNotAvailable,
        BookingReleased,
        OfferBookedOtherwise,
        IntervalInvalid,
    ),
)
async def post_booking(body: BookingRequest, caller: InternalCaller, begin: BeginDep) -> BookedView:
    """Book the worker's calendar for an offer; the same call again gets the same answer."""
    offer, worker = OfferId(body.offer_id), WorkerId(body.worker_id)
    order, visit = OrderId(body.order_id), VisitId(body.visit_id)
    job = Slot(body.starts_at, body.ends_at)
    async with begin() as tx:
        booked = await book_slot(tx, caller, offer, worker, order, visit, job)
        return BookedView.model_validate(booked)


@router.post("/{offer_id}/release", responses=problems(WorkerNotFound, OfferBookedOtherwise))
async def post_release(
    offer_id: UUID, body: ReleaseRequest, caller: InternalCaller, begin: BeginDep
) -> ReleasedView:
    """Give an offer's booking back; of an unknown offer, make sure that it never books."""
    worker, order = WorkerId(body.worker_id), OrderId(body.order_id)
    async with begin() as tx:
        answer = await release_slot(tx, caller, OfferId(offer_id), worker, order)
        return ReleasedView.model_validate(answer)
