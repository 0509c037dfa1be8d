"""An order as its moves deal with it: its row locked, then its crew, both read past the ORM.

The crew is read when the lock is held, for whoever changes it holds that lock too. What changes is
written with all else at the end of the transaction.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.order.domain.order import OrderState
from services.order.domain.refusals import OrderNotFound
from shared.contracts.ids import OfferId, OfferingId, OrderId, UserId, VisitId, WorkerId
from shared.contracts.order import CancelReason
from shared.kit.caller import Caller, Role
from shared.kit.ids import shard_of
from shared.kit.money import Currency, Money
from shared.kit.session import Transaction

_ORDER = """
SELECT o.shard, o.id, o.state, o.version, o.user_id, o.number, o.offering_name, o.offering_id,
    o.payable_minor, o.payable_currency, o.refunded_minor, o.visit_number, o.checklist,
    o.by_quotation, o.auto_accept_hours, o.start_code, o.start_tries, o.case_open, o.paid_at,
    o.escalated_at, o.completed_at, o.accept_until, o.accepted_at, o.cancelled_at, o.cancel_reason
FROM orders o WHERE o.shard = $1 AND o.id = $2 AND {sight} FOR UPDATE OF o
"""
_JOB = """
EXISTS (SELECT FROM positions p
    WHERE p.shard = o.shard AND p.order_id = o.id AND p.worker_id = $3)
"""
_ANY = "$3::uuid IS NOT NULL"
_BY_ROLE = {
    Role.USER: _ORDER.format(sight="o.user_id = $3"),
    Role.WORKER: _ORDER.format(sight=_JOB),
    Role.STAFF: _ORDER.format(sight=_ANY),
    Role.SYSTEM: _ORDER.format(sight=_ANY),
}
_CREW = """
SELECT p.visit_id, p.visit_number, p.number, p.worker_id, p.offer_id, p.arrived_at,
    v.starts_at, s.lat, s.lng
FROM positions p JOIN visits v ON v.shard = p.shard AND v.id = p.visit_id
JOIN LATERAL (
    SELECT lat, lng FROM stops
    WHERE shard = p.shard AND order_id = p.order_id AND visit_id = p.visit_id
    ORDER BY number LIMIT 1) s ON true
WHERE p.shard = $1 AND p.order_id = $2 ORDER BY p.visit_number, p.number
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    """An order whose row is locked until the transaction ends."""

    shard: int
    id: OrderId
    state: OrderState
    version: int
    user_id: UserId
    number: str
    offering_name: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedOrder(Locked):
    """With what the moves after the payment decide by."""

    offering_id: OfferingId
    payable: Money
    refunded_minor: int
    visit_number: int
    checklist: list[Any]
    by_quotation: bool
    auto_accept_hours: int
    start_code: str
    start_tries: int
    case_open: bool
    paid_at: datetime | None
    escalated_at: datetime | None
    completed_at: datetime | None
    accept_until: datetime | None
    accepted_at: datetime | None
    cancelled_at: datetime | None
    cancel_reason: CancelReason | None


@dataclass(frozen=True, slots=True)
class Seat:
    """A position of the crew, and who holds it."""

    visit_id: VisitId
    visit_number: int
    number: int
    worker_id: WorkerId | None
    offer_id: OfferId | None
    arrived_at: datetime | None


@dataclass(frozen=True, slots=True)
class VisitNow:
    """The visit that the order's next moves are about, and the place where it begins."""

    id: VisitId
    starts_at: datetime
    lat: float
    lng: float


@dataclass(frozen=True, slots=True)
class CrewNow:
    """The positions of all visits, lead first, and the visit that the order is at."""

    visit: VisitNow
    seats: list[Seat]


async def order_for_update(tx: Transaction, caller: Caller, order_id: UUID) -> LockedOrder:
    """The order, locked, for who may see it: their own, their job, or all. Raises OrderNotFound."""
    rows = await tx.run(_BY_ROLE[caller.role], shard_of(order_id), order_id, caller.id)
    if not rows:
        raise OrderNotFound(f"No order {order_id}.")
    row = dict(rows[0])
    reason = row["cancel_reason"]
    money = Money(row.pop("payable_minor"), Currency(row.pop("payable_currency")))
    row |= {"payable": money, "cancel_reason": reason and CancelReason(reason)}
    return LockedOrder(**(row | {"state": OrderState(row["state"])}))


async def crew_now(tx: Transaction, order: LockedOrder) -> CrewNow:
    """The crew of a locked order."""
    rows = await tx.run(_CREW, order.shard, order.id)
    here = next(row for row in rows if row["visit_number"] == order.visit_number)
    visit = VisitNow(here["visit_id"], here["starts_at"], here["lat"], here["lng"])
    names = Seat.__slots__
    return CrewNow(visit, [Seat(*(row[name] for name in names)) for row in rows])


async def change_order(tx: Transaction, order: Locked, change: Mapping[str, Any]) -> None:
    """Set columns of a locked order; its state changes by ``move_order`` alone."""
    sql = f"UPDATE orders SET {_set(change, 3)} WHERE shard = $1 AND id = $2"
    await tx.run(sql, order.shard, order.id, *change.values())


def change_visit(tx: Transaction, order: Locked, visit: VisitNow, **change: Any) -> None:
    """Set columns of a visit of a locked order."""
    sql = f"UPDATE visits SET {_set(change, 3)} WHERE shard = $1 AND id = $2"
    tx.later(sql, order.shard, visit.id, *change.values())


def change_seat(tx: Transaction, order: Locked, seat: Seat, **change: Any) -> None:
    """Set columns of a position of a locked order; once a position in a transaction."""
    sql = f"UPDATE positions SET {_set(change, 4)} WHERE shard = $1 AND visit_id = $2"
    where = (order.shard, seat.visit_id, seat.number)
    tx.later(f"{sql} AND number = $3", *where, *change.values())


def _set(change: Mapping[str, Any], first: int) -> str:
    if "state" in change:
        raise ValueError("A state changes by its moves alone.")
    return ", ".join(f"{name} = ${number}" for number, name in enumerate(change, first))
