"""Rows of days off, and the few queries we ask of them."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, Text, Uuid, select, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.worker.domain.schedule import TimeOffNotFound, TimeOffState, each_day
from services.worker.storage import Row
from shared.contracts.ids import WorkerId
from shared.kit.caller import Caller, Role
from shared.kit.ids import new_id
from shared.kit.rows import one_of
from shared.kit.session import Transaction


class TimeOff(Row):
    """Hong Kong calendar days without work, the first and the last included."""

    __tablename__ = "time_off"
    __table_args__ = (
        CheckConstraint("last_on >= first_on", name="days"),
        ExcludeConstraint(
            (text("worker_id"), "="),
            (text("daterange(first_on, last_on, '[]')"), "&&"),
            where=text("state = 'taken'"),
            using="gist",
            name="ex_time_off_days",
        ),
        Index("ix_time_off_worker_id", "worker_id", "id"),
    )

    worker_id: Mapped[WorkerId] = mapped_column(Uuid, ForeignKey("workers.id"))
    first_on: Mapped[date] = mapped_column(Date)
    last_on: Mapped[date] = mapped_column(Date)
    note: Mapped[str] = mapped_column(Text)
    state: Mapped[TimeOffState] = mapped_column(
        one_of(TimeOffState, "state"), default=TimeOffState.TAKEN
    )
    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default_factory=new_id)


async def time_off_for_update(tx: Transaction, caller: Caller, id: UUID) -> TimeOff:
    """Days off, locked until the transaction ends; only one's own. Raises TimeOffNotFound."""
    found = select(TimeOff).where(TimeOff.id == id).with_for_update()
    if caller.role is Role.WORKER:
        found = found.where(TimeOff.worker_id == caller.id)
    taken = await tx.session.scalar(found)
    if taken is None:
        raise TimeOffNotFound(f"No days off {id}.")
    return taken


async def time_off_of(
    tx: Transaction, worker_id: WorkerId, after: UUID | None, limit: int
) -> Sequence[TimeOff]:
    """A worker's days off, the last taken first."""
    page = select(TimeOff).where(TimeOff.worker_id == worker_id)
    if after is not None:
        page = page.where(TimeOff.id < after)
    return (await tx.session.scalars(page.order_by(TimeOff.id.desc()).limit(limit))).all()


async def is_off_between(tx: Transaction, worker_id: WorkerId, first: date, last: date) -> bool:
    """Whether any of these days is off."""
    rows = await tx.run(
        "SELECT 1 FROM time_off WHERE worker_id = $1 AND state = 'taken'"
        " AND daterange(first_on, last_on, '[]') && daterange($2, $3, '[]') LIMIT 1",
        *(worker_id, first, last),
    )
    return bool(rows)


async def days_off_from(tx: Transaction, worker_id: WorkerId, today: date) -> list[date]:
    """The days off from today on, in order."""
    rows = await tx.run(
        "SELECT first_on, last_on FROM time_off WHERE worker_id = $1 AND state = 'taken'"
        " AND daterange(first_on, last_on, '[]') && daterange($2, NULL, '[)') ORDER BY first_on",
        *(worker_id, today),
    )
    days = (day for row in rows for day in each_day(row["first_on"], row["last_on"]))
    return [day for day in days if day >= today]
