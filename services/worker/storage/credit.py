"""Rows of what moved a worker's credit: written once, never changed."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Uuid, select
from sqlalchemy.orm import Mapped, mapped_column

from services.worker.domain.credit import WINDOW, Fact, FactKind
from services.worker.storage import Row
from shared.contracts.ids import OrderId, WorkerId
from shared.kit.ids import new_id
from shared.kit.rows import one_of
from shared.kit.session import Transaction


class CreditEvent(Row):
    """One fact about a worker, with the score before and after it in hundredths of a point."""

    __tablename__ = "credit_events"
    __table_args__ = (
        CheckConstraint("before BETWEEN 0 AND 10000 AND after BETWEEN 0 AND 10000", name="points"),
        CheckConstraint("(kind = 'lapsed') = (order_id IS NULL)", name="order"),
        CheckConstraint("kind <> 'rated' OR value BETWEEN 1 AND 5", name="rating"),
        # A cause counts once for a worker, however often it is told.
        Index("uq_credit_events_worker_id_cause_id", "worker_id", "cause_id", unique=True),
        Index("ix_credit_events_worker_id_at", "worker_id", "at"),
        Index("ix_credit_events_worker_id_id", "worker_id", "id"),
    )

    worker_id: Mapped[WorkerId] = mapped_column(Uuid, ForeignKey("workers.id"))
    order_id: Mapped[OrderId | None] = mapped_column(Uuid)
    kind: Mapped[FactKind] = mapped_column(one_of(FactKind, "kind"))
    value: Mapped[int]
    cause_id: Mapped[UUID]  # The event that told it, or the timer that let it lapse.
    before: Mapped[int]
    after: Mapped[int]
    at: Mapped[datetime]
    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default_factory=new_id)


_RECENT = """
SELECT order_id, kind, value, at FROM credit_events
WHERE worker_id = $1 AND at > $2 AND order_id IS NOT NULL ORDER BY at
"""
_COUNTED = "SELECT true FROM credit_events WHERE worker_id = $1 AND cause_id = $2"


async def has_counted(tx: Transaction, worker_id: WorkerId, cause_id: UUID) -> bool:
    """Whether this cause has moved this worker's credit already."""
    return bool(await tx.run(_COUNTED, worker_id, cause_id))


async def recent_facts(tx: Transaction, worker_id: WorkerId) -> list[Fact]:
    """The facts of the longest window, oldest first."""
    rows = await tx.run(_RECENT, worker_id, tx.now - WINDOW)
    return [Fact(row["order_id"], FactKind(row["kind"]), row["value"], row["at"]) for row in rows]


async def credit_events_of(
    tx: Transaction, worker_id: WorkerId, after: UUID | None, limit: int
) -> Sequence[CreditEvent]:
    """What moved a worker's credit, the newest first."""
    page = select(CreditEvent).where(CreditEvent.worker_id == worker_id)
    if after is not None:
        page = page.where(CreditEvent.id < after)
    return (await tx.session.scalars(page.order_by(CreditEvent.id.desc()).limit(limit))).all()
