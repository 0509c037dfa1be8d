"""How an order's rows are made from the price quote it was placed by."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.order.domain.deadlines import PAY_ALERT_SECONDS, PAY_SECONDS
from services.order.domain.numbers import number_of
from services.order.domain.ports import Benefit
from services.order.storage.history import begin_history
from services.order.storage.orders import Order, Position, Stop, Visit
from services.order.storage.quotes import Quote, claim_quote
from shared.contracts.ids import OrderId
from shared.contracts.shapes import Urgency
from shared.kit.caller import Caller
from shared.kit.ids import new_id_in
from shared.kit.session import Transaction


@dataclass(frozen=True, slots=True)
class Placed:
    """The rows of a new order."""

    order: Order
    visits: Sequence[Visit]
    stops: Sequence[Stop]
    positions: Sequence[Position]


async def write_order(
    tx: Transaction,
    caller: Caller,
    order_id: OrderId,
    quote: Quote,
    benefits: Sequence[Benefit],
    start_code: str,
    reason: str = "",
) -> Placed:
    """Make the order that a locked quote promises, with its visit and its pay alert."""
    asked = quote.ask["starts_at"]
    starts_at = tx.now if asked is None else datetime.fromisoformat(asked)
    order = _order(tx, order_id, quote, benefits, start_code)
    visit = Visit(
        shard=quote.shard,
        id=new_id_in(quote.shard),
        order_id=order_id,
        number=1,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(seconds=quote.ask["duration_seconds"]),
    )
    stops = [_stop(quote, visit, number, stop) for number, stop in enumerate(quote.stops, 1)]
    positions = [
        Position(
            shard=quote.shard,
            visit_id=visit.id,
            number=number,
            order_id=order_id,
            visit_number=visit.number,
            weight=seat["weight"],
            skill=seat["skill"],
            level=seat["level"],
        )
        for number, seat in enumerate(quote.layout["positions"], 1)
    ]
    tx.write(order, visit, *stops, *positions)
    begin_history(tx, order, caller, reason)
    claim_quote(tx, quote, order_id, start_code)
    alert_at = order.pay_until + timedelta(seconds=PAY_ALERT_SECONDS)
    await tx.schedule("pay_alert", order_id, alert_at)
    return Placed(order, [visit], stops, positions)


def _order(
    tx: Transaction,
    order_id: OrderId,
    quote: Quote,
    benefits: Sequence[Benefit],
    start_code: str,
) -> Order:
    layout = quote.layout
    return Order(
        shard=quote.shard,
        id=order_id,
        number=number_of(quote.drawn),
        user_id=quote.user_id,
        quote_id=quote.id,
        category=layout["category"],
        offering_id=quote.offering_id,
        offering_name=layout["name"],
        urgency=Urgency(quote.ask["urgency"]),
        equipment=layout["equipment"] or "",
        list_price=quote.list_price,
        payable=quote.payable,
        commissionable=quote.commissionable,
        discounts=[_discount(benefit) for benefit in benefits],
        lines=quote.lines,
        checklist=layout["checklist"],
        by_quotation=layout.get("by_quotation", False),  # Quotes of yesterday do not have it.
        start_code=start_code,
        placed_at=tx.now,
        pay_until=tx.now + timedelta(seconds=PAY_SECONDS),
        auto_accept_hours=layout["auto_accept_hours"],
    )


def _discount(benefit: Benefit) -> dict[str, Any]:
    amount = {"minor": benefit.amount.minor, "currency": benefit.amount.currency.value}
    return {"code": benefit.code, "amount": amount, "funder": benefit.funder.value}


def _stop(quote: Quote, visit: Visit, number: int, kept: dict[str, Any]) -> Stop:
    """The stop as it was sealed with the quote, under the id that was chosen for it then."""
    return Stop(
        shard=quote.shard,
        id=UUID(kept["id"]),
        order_id=visit.order_id,
        visit_id=visit.id,
        number=number,
        kind=kept["kind"],
        lat=kept["lat"],
        lng=kept["lng"],
        district=kept["district"],
        lines=base64.b64decode(kept["lines"]),
        address_id=UUID(kept["address_id"]) if kept["address_id"] else None,
        has_lift=kept["has_lift"],
        steps=kept["steps"],
    )
