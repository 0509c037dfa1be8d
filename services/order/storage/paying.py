"""An order as payment deals with it: what is to pay, for which visits, read by one statement."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from services.order.domain.order import OrderState
from services.order.domain.refusals import OrderNotFound
from services.order.storage.locking import Locked
from shared.contracts.ids import OfferingId, VisitId
from shared.contracts.shapes import Crew, Urgency, VisitSpec
from shared.kit.caller import Caller, Role
from shared.kit.ids import shard_of
from shared.kit.money import Currency, Money
from shared.kit.session import Transaction

_PAYABLE = """
SELECT o.shard, o.id, o.state, o.version, o.user_id, o.number, o.offering_name, o.category,
    o.offering_id, o.list_price_minor, o.list_price_currency, o.payable_minor, o.payable_currency,
    o.commissionable_minor, o.commissionable_currency, o.discounts, o.urgency, o.equipment,
    o.pay_until,
    (SELECT jsonb_agg(jsonb_build_object(
        'visit_id', v.id, 'number', v.number, 'starts_at', v.starts_at, 'ends_at', v.ends_at,
        'stops', (SELECT jsonb_agg(jsonb_build_object(
                'kind', s.kind, 'point', jsonb_build_object('lat', s.lat, 'lng', s.lng),
                'district', s.district) ORDER BY s.number)
            FROM stops s
            WHERE s.shard = v.shard AND s.order_id = v.order_id AND s.visit_id = v.id),
        'positions', (SELECT jsonb_agg(jsonb_build_object(
                'number', p.number, 'weight', p.weight, 'skill', p.skill, 'level', p.level,
                'worker_id', p.worker_id, 'worked', p.arrived_at IS NOT NULL) ORDER BY p.number)
            FROM positions p WHERE p.shard = v.shard AND p.visit_id = v.id)) ORDER BY v.number)
    FROM visits v WHERE v.shard = o.shard AND v.order_id = o.id) AS visits
FROM orders o WHERE o.shard = $1 AND o.id = $2
"""
_OWN = f"{_PAYABLE} AND ($3::uuid IS NULL OR o.user_id = $3)"
_LOCKED = f"{_PAYABLE} FOR UPDATE OF o"
_SHIFT = "UPDATE visits SET starts_at = $3, ends_at = $4 WHERE shard = $1 AND id = $2"


@dataclass(frozen=True, slots=True, kw_only=True)
class PayableOrder(Locked):
    """An order with its money and its visits."""

    category: str
    offering_id: OfferingId
    list_price: Money
    payable: Money
    commissionable: Money
    discounts: list[Any]
    urgency: Urgency
    equipment: str
    pay_until: datetime
    visits: list[VisitSpec]
    crew: list[Crew]


async def payable_order(tx: Transaction, caller: Caller, order_id: UUID) -> PayableOrder:
    """The order as it stands, for its own user or for ourselves. Raises OrderNotFound."""
    owner = None if caller.role in (Role.STAFF, Role.SYSTEM) else caller.id
    rows = await tx.run(_OWN, shard_of(order_id), order_id, owner)
    if not rows:
        raise OrderNotFound(f"No order {order_id}.")
    return _payable_in(rows[0])


async def payable_order_for_update(tx: Transaction, order_id: UUID) -> PayableOrder:
    """The order, locked until the transaction ends. Raises OrderNotFound.

    Its visits may be older than the lock was waited for; they only change once it is paid.
    """
    rows = await tx.run(_LOCKED, shard_of(order_id), order_id)
    if not rows:
        raise OrderNotFound(f"No order {order_id}.")
    return _payable_in(rows[0])


def shift_visit(tx: Transaction, order: Locked, visit: VisitSpec) -> None:
    """Give a visit of a locked order the times that it has in ``visit``."""
    tx.later(_SHIFT, order.shard, visit.visit_id, visit.starts_at, visit.ends_at)


def _payable_in(row: Any) -> PayableOrder:
    """The order in a row of ``_PAYABLE``."""

    def money(name: str) -> Money:
        return Money(row[f"{name}_minor"], Currency(row[f"{name}_currency"]))

    same = ("shard", "id", "version", "user_id", "number", "offering_name", "category")
    rest = ("offering_id", "discounts", "equipment", "pay_until")
    return PayableOrder(
        **{name: row[name] for name in (*same, *rest)},
        state=OrderState(row["state"]),
        list_price=money("list_price"),
        payable=money("payable"),
        commissionable=money("commissionable"),
        urgency=Urgency(row["urgency"]),
        visits=[_visit_in(visit) for visit in row["visits"]],
        crew=[crew for visit in row["visits"] for crew in _crew_in(visit)],
    )


def _visit_in(kept: Mapping[str, Any]) -> VisitSpec:
    times = {name: _utc(kept[name]) for name in ("starts_at", "ends_at")}
    return VisitSpec.model_validate({**kept, **times})


def _crew_in(kept: Mapping[str, Any]) -> list[Crew]:
    """Who holds which position of a visit, and whether they came."""
    return [
        Crew(
            visit_id=VisitId(UUID(kept["visit_id"])),
            visit_number=kept["number"],
            position=position["number"],
            worker_id=position["worker_id"],
            worked=position["worked"],
        )
        for position in kept["positions"]
        if position["worker_id"] is not None
    ]


def _utc(text: str) -> datetime:
    """JSON has the instant in the database's own time zone."""
    return datetime.fromisoformat(text).astimezone(UTC)
