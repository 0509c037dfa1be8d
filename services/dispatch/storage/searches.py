"""Rows of orders as dispatch knows them and of the search for each position.

Locks are taken in one order everywhere: the order, its searches by id, their offers. They leave
keys alone (FOR NO KEY UPDATE): rows that refer here are checked even when they are merely updated
twice in one transaction, and would wait for a stronger lock.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, Uuid, select, text
from sqlalchemy.orm import Mapped, composite, mapped_column

from services.dispatch.domain.candidate import Job
from services.dispatch.domain.hours import Interval
from services.dispatch.domain.search import SearchState
from services.dispatch.storage import Row
from shared.contracts.ids import OfferingId, OrderId, UserId, VisitId
from shared.contracts.order import OrderPaid
from shared.contracts.shapes import Point, Urgency
from shared.kit.ids import new_id
from shared.kit.money import Currency, Money
from shared.kit.rows import money_columns, one_of
from shared.kit.session import Transaction
from shared.kit.writes import as_json

_LOCKED: dict[str, Any] = {"key_share": True}
WOKEN_MAX = 20  # By one worker who comes into sight.


class KnownOrder(Row):
    """A paid order, the part that every search for it shares."""

    __tablename__ = "known_orders"

    order_id: Mapped[OrderId] = mapped_column(Uuid, primary_key=True)
    user_id: Mapped[UserId] = mapped_column(Uuid)
    category: Mapped[str]
    offering_id: Mapped[OfferingId] = mapped_column(Uuid)
    offering_name: Mapped[dict[str, Any]]  # By locale.
    urgency: Mapped[Urgency] = mapped_column(one_of(Urgency, "urgency"))
    equipment: Mapped[str]
    search_until: Mapped[datetime]
    escalated_at: Mapped[datetime | None] = mapped_column(default=None)
    closed_at: Mapped[datetime | None] = mapped_column(default=None)


class ClosedOrder(Row):
    """An order that ended before dispatch knew of it: its search must never begin."""

    __tablename__ = "closed_orders"

    order_id: Mapped[OrderId] = mapped_column(Uuid, primary_key=True)


class Search(Row):
    """The search for the worker of one position of a visit."""

    __tablename__ = "searches"
    __table_args__ = (
        UniqueConstraint("order_id", "visit_id", "position"),
        Index("searches_waiting", "cell", postgresql_where=text("state = 'searching'")),
        CheckConstraint("starts_at < ends_at", name="interval"),
        CheckConstraint("net_minor >= 0", name="net"),
        CheckConstraint("step >= 0 AND rounds >= 0", name="counts"),
    )

    order_id: Mapped[OrderId] = mapped_column(Uuid, ForeignKey("known_orders.order_id"))
    visit_id: Mapped[VisitId] = mapped_column(Uuid)
    position: Mapped[int]
    skill: Mapped[str]
    level: Mapped[int]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    lat: Mapped[float]
    lng: Mapped[float]
    coarse_lat: Mapped[float]  # Within 300 m: what a worker sees before accepting.
    coarse_lng: Mapped[float]
    cell: Mapped[int]
    district: Mapped[str]
    net: Mapped[Money] = composite(*money_columns("net"))
    state: Mapped[SearchState] = mapped_column(
        one_of(SearchState, "state"), default=SearchState.SEARCHING
    )
    step: Mapped[int] = mapped_column(default=0)  # Which of the radius steps it has come to.
    rounds: Mapped[int] = mapped_column(default=0)
    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default_factory=new_id)


@dataclass(frozen=True, slots=True)
class Said:
    """What a round explains."""

    radius_m: int
    candidates: list[Any]
    rejected: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A locked search, with all that a round reads of it and of its order."""

    id: UUID
    state: SearchState
    step: int
    rounds: int
    net: Money
    is_escalated: bool
    job: Job
    said_last: Said | None  # By its newest round, if that made no offer.


# An order that ended before dispatch knew of it stays unknown.
_KNOW = """
INSERT INTO known_orders (order_id, user_id, category, offering_id, offering_name, urgency,
                          equipment, search_until)
SELECT $1, $2, $3, $4, $5::jsonb, $6, $7, $8
WHERE NOT EXISTS (SELECT FROM closed_orders WHERE order_id = $1)
ON CONFLICT DO NOTHING RETURNING true
"""
_WANTED = """
SELECT s.id, s.order_id, s.visit_id, s.position, s.skill, s.level, s.starts_at, s.ends_at, s.lat,
    s.lng, s.district, s.net_minor, s.net_currency, s.state, s.step, s.rounds,
    o.user_id, o.urgency, o.equipment, o.escalated_at IS NOT NULL AS is_escalated,
    r.radius_m, r.candidates, r.rejected
FROM searches s JOIN known_orders o USING (order_id)
LEFT JOIN rounds r ON r.search_id = s.id AND r.number = s.rounds AND r.offer_id IS NULL
WHERE s.id = $1 FOR NO KEY UPDATE OF s
"""


async def know_order(tx: Transaction, paid: OrderPaid) -> bool:
    """Keep a paid order; False if it is known already, or ended before it was."""
    kept = await tx.run(
        _KNOW,
        paid.order_id,
        paid.user_id,
        paid.category,
        paid.offering_id,
        as_json(paid.offering_name),
        paid.urgency,
        paid.equipment,
        paid.search_until,
    )
    return bool(kept)


async def wanted_for_update(tx: Transaction, search_id: UUID) -> Wanted:
    """One search, locked. A job whose planned start has passed begins now and lasts as long."""
    [row] = await tx.run(_WANTED, search_id)
    planned = Interval(row["starts_at"], row["ends_at"])
    said = (row["radius_m"], row["candidates"], row["rejected"])
    return Wanted(
        id=row["id"],
        state=SearchState(row["state"]),
        step=row["step"],
        rounds=row["rounds"],
        net=Money(row["net_minor"], Currency(row["net_currency"])),
        is_escalated=row["is_escalated"],
        job=Job(
            order_id=row["order_id"],
            user_id=row["user_id"],
            visit_id=row["visit_id"],
            position=row["position"],
            urgency=Urgency(row["urgency"]),
            skill=row["skill"],
            level=row["level"],
            equipment=row["equipment"],
            point=Point(lat=row["lat"], lng=row["lng"]),
            district=row["district"],
            time=planned.not_before(tx.now),
        ),
        said_last=None if said[0] is None else Said(*said),
    )


async def order_for_update(tx: Transaction, order_id: OrderId) -> KnownOrder | None:
    """The order, locked; None if dispatch has not heard of it."""
    return await tx.session.get(KnownOrder, order_id, with_for_update=_LOCKED)


async def searches_for_update(tx: Transaction, order_id: OrderId) -> Sequence[Search]:
    """All searches of an order, locked in the order of their ids."""
    mine = select(Search).where(Search.order_id == order_id).order_by(Search.id)
    return (await tx.session.scalars(mine.with_for_update(key_share=True))).all()


async def searches_of(tx: Transaction, order_id: OrderId) -> Sequence[Search]:
    """All searches of an order, not locked."""
    mine = select(Search).where(Search.order_id == order_id).order_by(Search.id)
    return (await tx.session.scalars(mine)).all()


# Only what sleeps: a round that is due keeps its place in the queue, and one that runs its timer.
_WAKE = """
UPDATE timers SET due_at = $1, attempts = 0, leased_until = NULL
WHERE id = ANY(ARRAY(
    SELECT t.id FROM searches s JOIN timers t ON t.kind = 'search' AND t.ref = s.id
    WHERE s.state = 'searching' AND s.cell = ANY($2::bigint[]) AND t.due_at > $1
    ORDER BY s.id LIMIT $3 FOR UPDATE OF t SKIP LOCKED))
RETURNING true
"""


async def wake_searches(tx: Transaction, cells: Sequence[int]) -> None:
    """Have the searches in these cells that wait for their next look, oldest first, look now."""
    if await tx.run(_WAKE, tx.now, list(cells), WOKEN_MAX):
        tx.due_at = tx.now  # So that the timers of this process hear of it.


async def note_closed(tx: Transaction, order_id: OrderId) -> None:
    """Remember that an order unknown so far has ended."""
    await tx.run("INSERT INTO closed_orders VALUES ($1) ON CONFLICT DO NOTHING", order_id)
