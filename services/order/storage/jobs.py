"""An order as its crew sees it: who holds what, where it goes, and a worker's own jobs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import and_, select

from services.order.storage.orders import Order, Position, Visit
from services.order.storage.whole import SeatSeen, VisitSeen, WholeOrder
from shared.kit.caller import Caller
from shared.kit.money import Currency, Money
from shared.kit.session import Transaction


@dataclass(frozen=True, slots=True)
class Job:
    """One worker's part in an order."""

    order: Order | WholeOrder
    visit: Visit | VisitSeen
    position: Position | SeatSeen


async def jobs_of(
    tx: Transaction, caller: Caller, cursor: UUID | None, limit: int
) -> Sequence[Job]:
    """The caller's own jobs by the visit each order is at, newest first, older than the cursor."""
    query = (
        select(Order, Visit, Position)
        .join(Order, and_(Order.shard == Position.shard, Order.id == Position.order_id))
        .join(Visit, and_(Visit.shard == Position.shard, Visit.id == Position.visit_id))
        .where(Position.worker_id == caller.id, Position.visit_number == Order.visit_number)
        .order_by(Position.order_id.desc())
        .limit(limit)
    )
    if cursor is not None:
        query = query.where(Position.order_id < cursor)
    return [Job(*row) for row in await tx.session.execute(query)]


def net_pay(order: Order | WholeOrder, position: Position | SeatSeen) -> Money | None:
    """What the position earns after commission, as payment told at the capture."""
    parts: list[dict[str, Any]] = order.capture.get("pay", [])
    for part in parts:
        if (part["visit_number"], part["position"]) == (position.visit_number, position.number):
            return Money(part["net"]["minor"], Currency(part["net"]["currency"]))
    return None
