"""Rows of bookings, and the few queries we ask of them.

The exclusion constraint is the calendar: no two slots of one worker that are held, or whose job is
done, can overlap. A release that comes before its booking leaves a row with an empty slot.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from asyncpg import Range as PlainRange
from sqlalchemy import CheckConstraint, Index, Uuid, select, text
from sqlalchemy.dialects.postgresql import TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from services.worker.domain.booking import BookingState, Slot
from services.worker.storage import Row
from shared.contracts.ids import OfferId, OrderId, VisitId, WorkerId
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
            "state = 'released' OR (visit_id IS NOT NULL AND job_starts_at < job_ends_at)",
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
