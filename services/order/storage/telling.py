"""What every event of an order carries, read from its rows."""

from collections.abc import Sequence
from typing import Any

from services.order.storage.locking import Locked, Seat
from services.order.storage.orders import Order, Position, Stop, Visit
from services.order.storage.paying import PayableOrder
from shared.contracts.ids import WorkerId
from shared.contracts.shapes import Crew, Discount, Point, PositionSpec, VisitSpec
from shared.contracts.shapes import Stop as StopSpec


def told(order: Order | Locked, positions: Sequence[Position] | Sequence[Seat]) -> dict[str, Any]:
    """The fields of ``OrderEvent``: ``OrderStarted(**told(order, positions), visit_id=...)``.

    Build it after the move, for the event carries the state that follows.
    """
    return {
        "order_id": order.id,
        "user_id": order.user_id,
        "number": order.number,
        "state": order.state.value,
        "offering_name": order.offering_name,
        "crew": crew_of(positions),
    }


def crew_of(positions: Sequence[Position] | Sequence[Seat]) -> list[Crew]:
    """Who holds which position, and whether they came."""
    return [
        Crew(
            visit_id=position.visit_id,
            visit_number=position.visit_number,
            position=position.number,
            worker_id=WorkerId(position.worker_id),
            worked=position.arrived_at is not None,
        )
        for position in positions
        if position.worker_id is not None
    ]


def priced(order: Order | PayableOrder) -> dict[str, Any]:
    """The fields of ``Priced``: the order's money."""
    return {
        "category": order.category,
        "offering_id": order.offering_id,
        "list_price": order.list_price,
        "discounts": [Discount.model_validate(discount) for discount in order.discounts],
        "payable": order.payable,
        "commissionable": order.commissionable,
    }


def visit_specs(
    visits: Sequence[Visit], stops: Sequence[Stop], positions: Sequence[Position]
) -> list[VisitSpec]:
    """The visits with stops as points and districts, and the positions to fill."""
    return [
        VisitSpec(
            visit_id=visit.id,
            number=visit.number,
            starts_at=visit.starts_at,
            ends_at=visit.ends_at,
            stops=[
                StopSpec(
                    kind=stop.kind, point=Point(lat=stop.lat, lng=stop.lng), district=stop.district
                )
                for stop in stops
                if stop.visit_id == visit.id
            ],
            positions=[
                PositionSpec(
                    number=position.number,
                    weight=position.weight,
                    skill=position.skill,
                    level=position.level,
                )
                for position in positions
                if position.visit_id == visit.id
            ],
        )
        for visit in visits
    ]


def placed_facts(
    order: Order,
    visits: Sequence[Visit],
    stops: Sequence[Stop],
    positions: Sequence[Position],
) -> dict[str, Any]:
    """The fields of ``OrderPlaced`` for rows that were just made."""
    return {
        **told(order, positions),
        **priced(order),
        "visits": visit_specs(visits, stops, positions),
        "pay_until": order.pay_until,
    }


def payable_facts(order: PayableOrder) -> dict[str, Any]:
    """The fields of ``OrderPlaced`` for payment, which may ask while the news is on its way."""
    return {
        **told(order, []),
        **priced(order),
        "crew": order.crew,
        "visits": order.visits,
        "pay_until": order.pay_until,
    }
