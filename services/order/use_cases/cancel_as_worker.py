"""Leave a job."""

from dataclasses import replace

from services.order.domain.deadlines import search_again_until
from services.order.domain.job import held_by
from services.order.domain.order import OrderMove
from services.order.storage.assignments import free_position
from services.order.storage.history import move_order
from services.order.storage.locking import (
    LockedOrder,
    Seat,
    change_seat,
    change_visit,
    order_with_crew_for_update,
)
from services.order.storage.telling import told
from shared.contracts.ids import OrderId, WorkerId
from shared.contracts.order import OrderReleased
from shared.kit.caller import Caller
from shared.kit.session import Transaction
from shared.privacy.masks import scrub

REASON = "worker_cancelled"  # The worker's own words stay in the order's history.


async def cancel_as_worker(
    tx: Transaction, caller: Caller, order_id: OrderId, reason: str, new_code: str
) -> LockedOrder:
    """A worker gives up their own position; another is looked for, at the same price and start.

    The search has time of its own for that. Whoever leaves may know the start code, so the user
    gets a new one. The others keep their positions, and arrive anew. Raises OrderNotFound,
    NotInCrew, MoveRefused. Tells order.released.v1.
    """
    order, crew = await order_with_crew_for_update(tx, caller, order_id)

    own = held_by(caller, crew.seats, order.visit_number)

    until = search_again_until(order.urgency, order.search_until, tx.now)
    fresh = {"start_code": new_code, "start_tries": 0, "search_until": until}
    order = await move_order(
        tx,
        order,
        OrderMove.WORKER_CANCEL,
        by=caller,
        reason=scrub(reason),
        also=fresh,
        position=own.number,
    )
    change_visit(tx, order, crew.visit, departed_at=None, arrived_at=None, arrived_by=None)
    seats = [_left(tx, order, seat, own) for seat in crew.seats]

    tx.publish(
        OrderReleased(
            **told(order, seats),
            visit_id=crew.visit.id,
            positions=[own.number],
            workers=[WorkerId(caller.id)],
            offers=[own.offer_id] if own.offer_id else [],
            reason=REASON,
            breach=True,
        )
    )
    return order


def _left(tx: Transaction, order: LockedOrder, seat: Seat, own: Seat) -> Seat:
    """A position after the worker of one has left: theirs is free, the others arrive anew."""
    if seat is own:
        return free_position(tx, order, seat)
    if seat.visit_id != own.visit_id or seat.arrived_at is None:
        return seat
    change_seat(tx, order, seat, arrived_at=None)
    return replace(seat, arrived_at=None)
