"""A worker's calendar."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from services.worker.api.shapes import PAGE_MAX, View
from services.worker.domain.booking import BookingState
from services.worker.storage.bookings import Booking, bookings_of
from shared.contracts.ids import WorkerId
from shared.kit.web import ReadDep, WorkerCaller

router = APIRouter(prefix="/workers/me/bookings", tags=["calendar"])


class BookingView(View):
    """One job in the calendar; busy times include the ways there and back."""

    offer_id: UUID
    order_id: UUID
    visit_id: UUID
    job_starts_at: datetime
    job_ends_at: datetime
    busy_from: datetime | None  # None once nothing of the slot is taken any more.
    busy_until: datetime | None
    state: BookingState


class BookingPage(View):
    """Bookings, the latest accepted first; ``next_cursor`` asks for more."""

    items: list[BookingView]
    next_cursor: UUID | None


def _view(row: Booking) -> BookingView:
    fields = {name: getattr(row, name) for name in BookingView.model_fields if hasattr(row, name)}
    slot = {"busy_from": row.slot.lower, "busy_until": row.slot.upper}
    return BookingView.model_validate({"offer_id": row.id, **fields, **slot})


@router.get("")
async def get_bookings(
    caller: WorkerCaller,
    read: ReadDep,
    cursor: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 20,
) -> BookingPage:
    """The jobs in the calendar, done and released ones included."""
    async with read() as tx:
        rows = await bookings_of(tx, WorkerId(caller.id), cursor, limit)
    items = [_view(row) for row in rows]
    return BookingPage(items=items, next_cursor=rows[-1].id if len(rows) == limit else None)
