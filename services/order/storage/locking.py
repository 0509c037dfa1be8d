"""An order as its moves deal with it: its row locked, with its crew, both read past the ORM.

Visits, positions and assignments change only under the lock of their order, and never without a row
of its history, which its version counts. So the version tells whether the crew, which is read by
the statement that waits for the lock, is as old as before the wait. What changes is written with
all else at the end of the transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from services.order.domain.order import OrderState
from services.order.domain.refusals import OrderNotFound
from shared.contracts.ids import OfferId, OfferingId, OrderId, UserId, VisitId, WorkerId
from shared.contracts.order import CancelReason
from shared.contracts.shapes import Urgency
from shared.kit.caller import Caller, Role
from shared.kit.ids import shard_of
from shared.kit.money import Currency, Money
from shared.kit.session import Transaction

SIGHT = {
    Role.USER: "o.user_id = $3",
    Role.WORKER: """EXISTS (SELECT FROM positions p
        WHERE p.shard = o.shard AND p.order_id = o.id AND p.worker_id = $3)""",
    Role.STAFF: "$3::uuid IS NOT NULL",
    Role.SYSTEM: "$3::uuid IS NOT NULL",
}
"""Who sees an order, ``o``: the caller of id ``$3`` their own or their job, staff and we all."""

_COLUMNS = """
o.shard, o.id, o.state, o.version, o.user_id, o.number, o.offering_name, o.offering_id,
o.payable_minor, o.payable_currency, o.refunded_minor, o.visit_number, o.checklist, o.urgency,
o.by_quotation, o.auto_accept_hours, o.start_code, o.start_tries, o.case_open, o.paid_at,
o.search_until, o.escalated_at, o.completed_at, o.accept_until, o.accepted_at, o.cancelled_at,
o.cancel_reason
"""
_ORDER = f"""
SELECT {_COLUMNS}
FROM orders o WHERE o.shard = $1 AND o.id = $2 AND {{sight}} FOR UPDATE
"""
# A row for each position. version_seen is as old as the crew; the ROW has the fields of VisitNow.
_ORDER_WITH_CREW = f"""
SELECT {_COLUMNS},
    p.visit_id, p.visit_number AS seat_visit, p.number AS seat, p.worker_id, p.offer_id,
    p.assigned_at, p.promised_at, p.arrived_at,
    (SELECT version FROM orders WHERE shard = $1 AND id = $2) AS version_seen,
    (SELECT ROW(v.id, v.starts_at, s.lat, s.lng)
        FROM visits v
        JOIN stops s ON s.shard = v.shard AND s.order_id = v.order_id AND s.visit_id = v.id
        WHERE v.shard = o.shard AND v.order_id = o.id AND v.number = o.visit_number
        ORDER BY s.number LIMIT 1) AS visit
    {{also}}
FROM orders o JOIN positions p ON p.shard = o.shard AND p.order_id = o.id
WHERE o.shard = $1 AND o.id = $2 AND {{sight}}
ORDER BY p.visit_number, p.number FOR UPDATE OF o
"""


def lock_with_crew(sight: str, also: str = "") -> str:
    """The statement that ``locked_rows`` runs: a lock with the crew, and further columns."""
    return _ORDER_WITH_CREW.format(sight=sight, also=also)


_ALONE = {role: _ORDER.format(sight=sight) for role, sight in SIGHT.items()}
_WITH_CREW = {role: lock_with_crew(sight) for role, sight in SIGHT.items()}


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
    urgency: Urgency
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
    search_until: datetime | None
    escalated_at: datetime | None
    completed_at: datetime | None
    accept_until: datetime | None
    accepted_at: datetime | None
    cancelled_at: datetime | None
    cancel_reason: CancelReason | None


_MADE = {"state", "urgency", "payable", "cancel_reason"}
_SAME = [field.name for field in fields(LockedOrder) if field.name not in _MADE]


@dataclass(frozen=True, slots=True)
class Seat:
    """A position of the crew, and who holds it."""

    visit_id: VisitId
    visit_number: int
    number: int
    worker_id: WorkerId | None
    offer_id: OfferId | None
    assigned_at: datetime | None
    promised_at: datetime | None  # When the worker said they would be there.
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
    rows = await tx.run(_ALONE[caller.role], shard_of(order_id), order_id, caller.id)
    if not rows:
        raise OrderNotFound(f"No order {order_id}.")
    return order_in(rows[0])


async def order_with_crew_for_update(
    tx: Transaction, caller: Caller, order_id: UUID
) -> tuple[LockedOrder, CrewNow]:
    """As ``order_for_update``, with the crew as it is while the lock is held."""
    rows = await locked_rows(tx, _WITH_CREW[caller.role], order_id, caller.id)
    return order_in(rows[0]), crew_in(rows)


async def locked_rows(
    tx: Transaction, sql: str, order_id: UUID, third: UUID
) -> Sequence[asyncpg.Record]:
    """The rows of a ``lock_with_crew``, whose ``$3`` is the third value. Raises OrderNotFound.

    There is one for each position, and no order without any. Whoever held the lock before may have
    changed the order after the statement had looked at its crew: then it is run again, which waits
    for nobody any more.
    """
    values = (shard_of(order_id), order_id, third)
    rows = await tx.run(sql, *values)
    if rows and rows[0]["version"] != rows[0]["version_seen"]:
        rows = await tx.run(sql, *values)
    if not rows:
        raise OrderNotFound(f"No order {order_id}.")
    return rows


def order_in(row: asyncpg.Record) -> LockedOrder:
    """The order in a row that locks it."""
    reason = row["cancel_reason"]
    return LockedOrder(
        **{name: row[name] for name in _SAME},
        state=OrderState(row["state"]),
        urgency=Urgency(row["urgency"]),
        payable=Money(row["payable_minor"], Currency(row["payable_currency"])),
        cancel_reason=reason and CancelReason(reason),
    )


def crew_in(rows: Sequence[asyncpg.Record]) -> CrewNow:
    """The crew in ``locked_rows``."""
    return CrewNow(VisitNow(*rows[0]["visit"]), [_seat_in(row) for row in rows])


def _seat_in(row: asyncpg.Record) -> Seat:
    place = (row["visit_id"], row["seat_visit"], row["seat"])
    times = (row["assigned_at"], row["promised_at"], row["arrived_at"])
    return Seat(*place, row["worker_id"], row["offer_id"], *times)


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
