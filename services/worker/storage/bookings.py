"""Rows of bookings, and the few queries we ask of them.

The exclusion constraint is the calendar: no two slots of one worker that are held, or whose job is
done, can overlap. A release that comes before its booking leaves a row with an empty slot.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg
from sqlalchemy import CheckConstraint, Index, Uuid, select, text
from sqlalchemy.dialects.postgresql import TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from services.worker.domain.booking import BookingMove, BookingState, Slot, ended_slot
from services.worker.domain.schedule import Days
from services.worker.storage import Row
from shared.contracts.ids import OfferId, OrderId, VisitId, WorkerId
from shared.kit.caller import Caller
from shared.kit.rows import one_of
from shared.kit.session import Transaction


class Booking(Row):
    """A slot of one worker's calendar; the id is that of the offer they accepted."""

    __tablename__ = "bookings"
    __table_args__ = (
        ExcludeConstraint(
            (text("worker_id"), "="),
            (text("slot"), "&&"),
            where=text("state IN ('held', 'ended')"),
            using="gist",
            name="ex_bookings_slot",
        ),
        CheckConstraint(
            "isempty(slot) OR (visit_id IS NOT NULL AND job_starts_at < job_ends_at)",
            name="job",
        ),
        Index("ix_bookings_order_id", "order_id"),
        Index("ix_bookings_worker_id", "worker_id", "id"),
    )

    id: Mapped[OfferId] = mapped_column(Uuid, primary_key=True)
    worker_id: Mapped[WorkerId] = mapped_column(Uuid)
    order_id: Mapped[OrderId] = mapped_column(Uuid)
    slot: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)  # The job with the ways, half-open.
    visit_id: Mapped[VisitId | None] = mapped_column(Uuid, default=None)
    job_starts_at: Mapped[datetime | None] = mapped_column(default=None)
    job_ends_at: Mapped[datetime | None] = mapped_column(default=None)
    state: Mapped[BookingState] = mapped_column(
        one_of(BookingState, "state"), default=BookingState.HELD, server_default=text("'held'")
    )


_TAKE = """
INSERT INTO bookings (id, worker_id, order_id, visit_id, job_starts_at, job_ends_at, slot)
SELECT $1, $2, $3, $4, $5, $6, tstzrange($7, $8)
WHERE NOT EXISTS (SELECT FROM time_off WHERE worker_id = $2 AND state = 'taken'
    AND daterange(first_on, last_on, '[]') && daterange($9, $10, '[]'))
ON CONFLICT DO NOTHING RETURNING id
"""
_FORESTALL = """
INSERT INTO bookings (id, worker_id, order_id, slot)
VALUES ($1, $2, $3, 'empty') ON CONFLICT DO NOTHING RETURNING id
"""


async def take_slot(
    tx: Transaction,
    offer_id: OfferId,
    worker_id: WorkerId,
    order_id: OrderId,
    visit_id: VisitId,
    job: Slot,
    slot: Slot,
    days: Days,
) -> bool:
    """Put a booking into the calendar.

    False if the slot or the offer is taken already, or one of the job's days is off.
    """
    values = (offer_id, worker_id, order_id, visit_id)
    instants = (job.starts_at, job.ends_at, slot.starts_at, slot.ends_at)
    return bool(await tx.run(_TAKE, *values, *instants, days.first_on, days.last_on))


async def forestall(
    tx: Transaction, offer_id: OfferId, worker_id: WorkerId, order_id: OrderId
) -> bool:
    """Leave a row of an offer that never booked, so that it never can; False if it has."""
    return bool(await tx.run(_FORESTALL, offer_id, worker_id, order_id))


_FIND = """
SELECT id, worker_id, order_id, visit_id, job_starts_at, job_ends_at,
    lower(slot) AS slot_starts_at, upper(slot) AS slot_ends_at, state
FROM bookings WHERE id = $1
"""


@dataclass(frozen=True, slots=True)
class KnownBooking:
    """A booking as it is answered to the call that made it."""

    id: OfferId
    worker_id: WorkerId
    order_id: OrderId
    visit_id: VisitId | None
    job_starts_at: datetime | None
    job_ends_at: datetime | None
    slot_starts_at: datetime | None
    slot_ends_at: datetime | None
    state: BookingState


async def find_booking(tx: Transaction, offer_id: OfferId) -> KnownBooking | None:
    """The booking of an offer, as others have committed it by now."""
    rows = await tx.run(_FIND, offer_id)
    if not rows:
        return None
    fields = dict(rows[0])
    return KnownBooking(state=BookingState(fields.pop("state")), **fields)


async def booking_for_update(tx: Transaction, offer_id: OfferId) -> Booking | None:
    """The booking of an offer, locked until the transaction ends."""
    found = select(Booking).where(Booking.id == offer_id).with_for_update()
    return await tx.session.scalar(found.execution_options(populate_existing=True))


# With each, when the next slot of the same worker begins.
_HELD = """
SELECT b.id, b.worker_id, b.visit_id, b.job_starts_at,
    lower(b.slot) AS slot_starts_at, upper(b.slot) AS slot_ends_at,
    (SELECT min(lower(slot)) FROM bookings
     WHERE worker_id = b.worker_id AND id <> b.id AND state IN ('held', 'ended')
         AND slot && tstzrange(upper(b.slot), NULL)) AS next_starts_at
FROM bookings b WHERE b.order_id = $1 AND b.state = 'held' ORDER BY b.id FOR UPDATE
"""


@dataclass(frozen=True, slots=True)
class HeldBooking:
    """A locked booking of a job that is still to do."""

    id: OfferId
    worker_id: WorkerId
    visit_id: VisitId
    job_starts_at: datetime
    slot_starts_at: datetime
    slot_ends_at: datetime
    next_starts_at: datetime | None

    def slot_after(self, ended_at: datetime) -> Slot | None:
        """What of its slot stays taken after its job; None when it ended before its time."""
        buffer_seconds = (self.job_starts_at - self.slot_starts_at).seconds
        slot = Slot(self.slot_starts_at, self.slot_ends_at)
        return ended_slot(slot, ended_at, buffer_seconds, self.next_starts_at)


async def held_of_order_for_update(tx: Transaction, order_id: OrderId) -> list[HeldBooking]:
    """The bookings of an order that are still held, locked in one order everywhere."""
    return [HeldBooking(**row) for row in await tx.run(_HELD, order_id)]


async def end_booking(
    tx: Transaction, caller: Caller, booking: HeldBooking, slot: Slot | None
) -> None:
    """The job is done; this much of the calendar stays taken. Raises MoveForbidden.

    Where a job that ran over meets a booking made meanwhile, the calendar refuses: look again.
    """
    kept = asyncpg.Range(empty=slot is None)
    if slot is not None:
        kept = asyncpg.Range(slot.starts_at, slot.ends_at)
    await tx.move_where(Booking, booking.id, BookingMove.END, by=caller, slot=kept)


async def is_booked_between(
    tx: Transaction, worker_id: WorkerId, starts_at: datetime, ends_at: datetime
) -> bool:
    """Whether a job that is still to do, without its ways, touches the interval."""
    rows = await tx.run(
        "SELECT 1 FROM bookings WHERE worker_id = $1 AND state = 'held'"
        " AND slot && tstzrange($2, $3) AND job_starts_at < $3 AND job_ends_at > $2 LIMIT 1",
        *(worker_id, starts_at, ends_at),
    )
    return bool(rows)


async def bookings_of(
    tx: Transaction, worker_id: WorkerId, after: UUID | None, limit: int
) -> Sequence[Booking]:
    """A worker's bookings, the latest offer first; offers that never booked are left out."""
    page = select(Booking).where(Booking.worker_id == worker_id, Booking.visit_id.is_not(None))
    if after is not None:
        page = page.where(Booking.id < after)
    return (await tx.session.scalars(page.order_by(Booking.id.desc()).limit(limit))).all()
