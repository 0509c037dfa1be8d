"""Rows of orders as dispatch knows them and of the search for each position.

Locks are taken in one order everywhere: the order, its searches by id, their offers. They leave
keys alone (FOR NO KEY UPDATE): rows that refer here are checked even when they are merely updated
twice in one transaction, and would wait for a stronger lock.
"""

from collections.abc import Sequence
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
from shared.contracts.shapes import Point, Urgency
from shared.kit.ids import new_id
from shared.kit.money import Money
from shared.kit.rows import money_columns, one_of
from shared.kit.session import Transaction

_LOCKED: dict[str, Any] = {"key_share": True}


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


def job_of(order: KnownOrder, search: Search) -> Job:
    """What the position asks for, as the rules read it."""
    return Job(
        order_id=search.order_id,
        user_id=order.user_id,
        visit_id=search.visit_id,
        position=search.position,
        urgency=order.urgency,
        skill=search.skill,
        level=search.level,
        equipment=order.equipment,
        point=Point(lat=search.lat, lng=search.lng),
        district=search.district,
        time=Interval(search.starts_at, search.ends_at),
    )


async def order_for_update(tx: Transaction, order_id: OrderId) -> KnownOrder | None:
    """The order, locked; None if dispatch has not heard of it."""
    return await tx.session.get(KnownOrder, order_id, with_for_update=_LOCKED)


async def order_unless_busy(tx: Transaction, order_id: UUID) -> KnownOrder | None:
    """The order, locked; None if somebody else holds it just now."""
    mine = select(KnownOrder).where(KnownOrder.order_id == order_id)
    found: KnownOrder | None = await tx.session.scalar(
        mine.with_for_update(key_share=True, skip_locked=True)
    )
    return found


async def known_order(tx: Transaction, order_id: OrderId) -> KnownOrder:
    """The order of a search, not locked."""
    return await tx.session.get_one(KnownOrder, order_id)


async def search_for_update(tx: Transaction, search_id: UUID) -> Search:
    """One search, locked."""
    return await tx.session.get_one(Search, search_id, with_for_update=_LOCKED)


async def search_unless_busy(tx: Transaction, search_id: UUID) -> Search | None:
    """One search, locked; None if somebody else holds it just now.

    A timer that waited here while its own row is locked could wait for one who waits for that row.
    """
    mine = select(Search).where(Search.id == search_id)
    found: Search | None = await tx.session.scalar(
        mine.with_for_update(key_share=True, skip_locked=True)
    )
    return found


async def searches_for_update(tx: Transaction, order_id: OrderId) -> Sequence[Search]:
    """All searches of an order, locked in the order of their ids."""
    mine = select(Search).where(Search.order_id == order_id).order_by(Search.id)
    return (await tx.session.scalars(mine.with_for_update(key_share=True))).all()


async def searches_of(tx: Transaction, order_id: OrderId) -> Sequence[Search]:
    """All searches of an order, not locked."""
    mine = select(Search).where(Search.order_id == order_id).order_by(Search.id)
    return (await tx.session.scalars(mine)).all()


_WAITING = """
SELECT id FROM searches WHERE state = 'searching' AND cell = ANY($1::bigint[])
ORDER BY id LIMIT $2
"""


async def searches_waiting_in(tx: Transaction, cells: Sequence[int], limit: int) -> list[UUID]:
    """Searches without an open offer whose place lies in these cells, oldest first."""
    return [row["id"] for row in await tx.run(_WAITING, list(cells), limit)]


async def note_closed(tx: Transaction, order_id: OrderId) -> None:
    """Remember that an order unknown so far has ended."""
    await tx.run("INSERT INTO closed_orders VALUES ($1) ON CONFLICT DO NOTHING", order_id)


async def is_over(tx: Transaction, order_id: OrderId) -> bool:
    """Whether the order ended before dispatch knew of it."""
    return await tx.session.get(ClosedOrder, order_id) is not None
