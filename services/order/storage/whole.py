"""An order with all that belongs to it, as people look at it; read by one statement."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.order.domain.order import OrderState
from services.order.domain.refusals import OrderNotFound
from services.order.storage.locking import SIGHT
from shared.contracts.ids import OfferingId, OrderId, UserId, VisitId, WorkerId
from shared.contracts.shapes import Urgency
from shared.kit.caller import Caller
from shared.kit.ids import shard_of
from shared.kit.money import Currency, Money
from shared.kit.session import Transaction
from shared.privacy.sealing import note_data_key

# Each ROW has the fields of its class here, in their order.
_WHOLE = """
SELECT o.id, o.state, o.user_id, o.number, o.category, o.offering_id, o.offering_name, o.urgency,
    o.equipment, o.list_price_minor, o.list_price_currency, o.payable_minor, o.payable_currency,
    o.discounts, o.lines, o.checklist, o.capture, o.visit_number, o.start_code, o.start_tries,
    o.placed_at, o.pay_until, o.paid_at, o.search_until, o.escalated_at, o.completed_at,
    o.accept_until, o.accepted_at, o.cancelled_at, o.cancel_reason, o.refunded_minor, o.case_open,
    k.wrapped,
    ARRAY(SELECT ROW(v.id, v.number, v.starts_at, v.ends_at, v.departed_at, v.arrived_at,
            v.started_at, v.ended_at)
        FROM visits v WHERE v.shard = o.shard AND v.order_id = o.id ORDER BY v.number) AS visits,
    ARRAY(SELECT ROW(s.id, s.visit_id, s.number, s.kind, s.lat, s.lng, s.district, s.has_lift,
            s.steps, s.lines)
        FROM stops s WHERE s.shard = o.shard AND s.order_id = o.id
        ORDER BY s.visit_id, s.number) AS stops,
    ARRAY(SELECT ROW(p.visit_id, p.visit_number, p.number, p.skill, p.level, p.worker_id,
            n.display_name, p.assigned_at, p.arrived_at, p.promised_at)
        FROM positions p LEFT JOIN worker_names n ON n.worker_id = p.worker_id
        WHERE p.shard = o.shard AND p.order_id = o.id
        ORDER BY p.visit_number, p.number) AS seats
FROM orders o LEFT JOIN subject_keys k ON k.subject = o.user_id
WHERE o.shard = $1 AND o.id = $2 AND {sight}
"""
_BY_ROLE = {role: _WHOLE.format(sight=sight) for role, sight in SIGHT.items()}


@dataclass(frozen=True, slots=True)
class VisitSeen:
    """One coming on site."""

    id: VisitId
    number: int
    starts_at: datetime
    ends_at: datetime
    departed_at: datetime | None
    arrived_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class StopSeen:
    """A place that a visit goes to; its address lines are sealed still."""

    id: UUID
    visit_id: VisitId
    number: int
    kind: str
    lat: float
    lng: float
    district: str
    has_lift: bool
    steps: int
    lines: bytes


@dataclass(frozen=True, slots=True)
class SeatSeen:
    """A position of the crew; who holds it has no name until their profile has come."""

    visit_id: VisitId
    visit_number: int
    number: int
    skill: str
    level: int
    worker_id: WorkerId | None
    display_name: str | None
    assigned_at: datetime | None
    arrived_at: datetime | None
    promised_at: datetime | None  # When the worker said they would be there.


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeOrder:
    """An order with its visits, first one first, their stops and their crews, lead first."""

    id: OrderId
    state: OrderState
    user_id: UserId
    number: str
    category: str
    offering_id: OfferingId
    offering_name: dict[str, Any]
    urgency: Urgency
    equipment: str
    list_price: Money
    payable: Money
    discounts: list[Any]
    lines: list[Any]
    checklist: list[Any]
    capture: dict[str, Any]
    visit_number: int
    start_code: str
    start_tries: int
    placed_at: datetime
    pay_until: datetime
    paid_at: datetime | None
    search_until: datetime | None
    escalated_at: datetime | None
    completed_at: datetime | None
    accept_until: datetime | None
    accepted_at: datetime | None
    cancelled_at: datetime | None
    cancel_reason: str | None
    refunded_minor: int
    case_open: bool
    visits: list[VisitSeen]
    stops: list[StopSeen]
    seats: list[SeatSeen]


async def whole_order(tx: Transaction, caller: Caller, order_id: UUID) -> WholeOrder:
    """The order as it stands, for who may see it. Raises OrderNotFound."""
    rows = await tx.run(_BY_ROLE[caller.role], shard_of(order_id), order_id, caller.id)
    if not rows:
        raise OrderNotFound(f"No order {order_id}.")
    row = dict(rows[0])
    note_data_key(tx, row["user_id"], row.pop("wrapped"))
    for name in ("list_price", "payable"):
        row[name] = Money(row.pop(f"{name}_minor"), Currency(row.pop(f"{name}_currency")))
    row |= {
        "state": OrderState(row["state"]),
        "urgency": Urgency(row["urgency"]),
        "visits": [VisitSeen(*visit) for visit in row["visits"]],
        "stops": [StopSeen(*stop) for stop in row["stops"]],
        "seats": [SeatSeen(*seat) for seat in row["seats"]],
    }
    return WholeOrder(**row)
