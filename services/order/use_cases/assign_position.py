"""Put a booked worker into a position of an order."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.order.domain.order import OrderMove, OrderState
from services.order.domain.refusals import (
    OfferReleased,
    OwnOrder,
    PositionFilled,
    PositionNotFound,
    WorkerAlreadyInCrew,
)
from services.order.storage.assignments import Hold, fill_position, order_to_fill_for_update
from services.order.storage.history import move_order, note_on_order
from services.order.storage.locking import LockedOrder, Seat
from services.order.storage.telling import told
from shared.contracts.ids import OfferId, OrderId, VisitId, WorkerId
from shared.contracts.order import OrderAssigned
from shared.kit.caller import SYSTEM
from shared.kit.session import Transaction


@dataclass(frozen=True, slots=True)
class Assigned:
    """Where the order stands now, and whether the visit's crew is complete."""

    state: OrderState
    complete: bool


async def assign_position(
    tx: Transaction,
    order_id: OrderId,
    offer_id: OfferId,
    worker_id: WorkerId,
    visit_id: VisitId,
    number: int,
    promised_at: datetime | None = None,
) -> Assigned:
    """Fill one position; when the visit's last one is filled the order is assigned.

    The worker may have promised when to be there; a later start of the visit counts instead.
    The same offer again gets the same answer. Raises OrderNotFound, PositionNotFound,
    PositionFilled, OwnOrder, WorkerAlreadyInCrew, OfferReleased, MoveRefused.
    Tells order.assigned.v1.
    """
    order, everybody, hold = await order_to_fill_for_update(tx, order_id, offer_id)
    crew = [seat for seat in everybody.seats if seat.visit_id == visit_id]
    if hold is not Hold.NONE:
        if hold is Hold.RELEASED or order.state is OrderState.CANCELLED:
            raise OfferReleased(f"Offer {offer_id} holds no position any more.")
        return Assigned(order.state, all(seat.worker_id for seat in crew))

    free = _free_seat(order, crew, number, worker_id)
    OrderMove.ASSIGN.check(order.state, SYSTEM.role)

    filled = fill_position(tx, order, free, offer_id, worker_id, promised_at)
    seats = [filled if seat is free else seat for seat in everybody.seats]
    facts: dict[str, Any] = {"position": number, "worker_id": str(worker_id)}
    if not all(seat.worker_id for seat in crew if seat is not free):
        await note_on_order(tx, order, "position_filled", by=SYSTEM, **facts)
        return Assigned(order.state, complete=False)
    order = await move_order(
        tx, order, OrderMove.ASSIGN, by=SYSTEM, also={"escalated_at": None}, **facts
    )
    await tx.cancel_timer("escalated", order.id)

    tx.publish(OrderAssigned(**told(order, seats), visit_id=visit_id))
    return Assigned(order.state, complete=True)


def _free_seat(order: LockedOrder, crew: list[Seat], number: int, worker_id: WorkerId) -> Seat:
    """The free position of this number that the worker may take."""
    found = [seat for seat in crew if seat.number == number]
    if not found or found[0].visit_number != order.visit_number:
        raise PositionNotFound(f"No position {number} to fill.")
    if order.user_id == worker_id:
        raise OwnOrder("The worker ordered this.")
    if found[0].worker_id is not None:
        raise PositionFilled(f"Position {number} is taken.")
    if any(seat.worker_id == worker_id for seat in crew):
        raise WorkerAlreadyInCrew(f"{worker_id} holds another position of the visit.")
    return found[0]
