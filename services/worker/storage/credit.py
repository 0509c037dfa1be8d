"""Rows of what moved a worker's credit: written once, never changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from asyncpg import Record
from sqlalchemy import CheckConstraint, ForeignKey, Index, Uuid, select
from sqlalchemy.orm import Mapped, mapped_column

from services.worker.domain.credit import WINDOW, Fact, FactKind
from services.worker.domain.worker import WorkerNotFound
from services.worker.storage import Row
from services.worker.storage.workers import is_foreign
from shared.contracts.ids import OrderId, WorkerId
from shared.kit.caller import Caller
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
_LOCKED = "SELECT credit_points FROM workers WHERE id = $1 FOR UPDATE"
# Read when the lock is held, for whoever adds a fact holds it too. A cause may be older than them.
_FACTS = """
SELECT order_id, kind, value, at, cause_id FROM credit_events
WHERE worker_id = $1 AND order_id IS NOT NULL AND (at > $2 OR cause_id = $3) ORDER BY at
"""
_SET = "UPDATE workers SET credit_points = $2, jobs_done = jobs_done + $3 WHERE id = $1"


@dataclass(frozen=True, slots=True)
class Credit:
    """A worker's score, its row locked, and the facts of the longest window, oldest first."""

    worker_id: WorkerId
    points: int
    facts: list[Fact]
    has_counted: bool  # Whether the cause in question has moved it already.


async def credit_for_update(
    tx: Transaction, caller: Caller, worker_id: WorkerId, cause_id: UUID
) -> Credit:
    """A worker's credit, locked until the transaction ends; only one's own. Raises WorkerNotFound.

    ``cause_id`` is what tells something new about it.
    """
    found = [] if is_foreign(caller, worker_id) else await tx.run(_LOCKED, worker_id)
    if not found:
        raise WorkerNotFound(f"No worker {worker_id}.")
    rows = await tx.run(_FACTS, worker_id, tx.now - WINDOW, cause_id)
    has_counted = any(row["cause_id"] == cause_id for row in rows)
    return Credit(worker_id, found[0]["credit_points"], [_fact(row) for row in rows], has_counted)


def keep_fact(
    tx: Transaction,
    credit: Credit,
    order_id: OrderId | None,
    kind: FactKind,
    value: int,
    cause_id: UUID,
    after: int,
) -> None:
    """Write what counted, with the score that it leaves; a completed job is one more done."""
    row = CreditEvent(
        worker_id=credit.worker_id,
        order_id=order_id,
        kind=kind,
        value=value,
        cause_id=cause_id,
        before=credit.points,
        after=after,
        at=tx.now,
    )
    tx.write(row)
    is_done = kind is FactKind.COMPLETED
    if after != credit.points or is_done:
        tx.later(_SET, credit.worker_id, after, int(is_done))


async def recent_facts(tx: Transaction, worker_id: WorkerId) -> list[Fact]:
    """The facts of the longest window, oldest first."""
    return [_fact(row) for row in await tx.run(_RECENT, worker_id, tx.now - WINDOW)]


def _fact(row: Record) -> Fact:
    return Fact(row["order_id"], FactKind(row["kind"]), row["value"], row["at"])


async def credit_events_of(
    tx: Transaction, worker_id: WorkerId, after: UUID | None, limit: int
) -> Sequence[CreditEvent]:
    """What moved a worker's credit, the newest first."""
    page = select(CreditEvent).where(CreditEvent.worker_id == worker_id)
    if after is not None:
        page = page.where(CreditEvent.id < after)
    return (await tx.session.scalars(page.order_by(CreditEvent.id.desc()).limit(limit))).all()
