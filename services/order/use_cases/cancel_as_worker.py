"""Leave a job."""

from services.order.domain.order import OrderMove
from services.order.storage.assignments import free_position
from services.order.storage.history import move_order
from services.order.storage.jobs import held_by
from services.order.storage.orders import Order, current_visit, order_for_update, positions_of
from services.order.storage.telling import told
from shared.contracts.ids import OrderId
from shared.contracts.order import OrderReleased
from shared.kit.caller import Caller
from shared.kit.masks import scrub
from shared.kit.session import Transaction

REASON = "worker_cancelled"  # The worker's own words stay in the order's history.


async def cancel_as_worker(
    tx: Transaction, caller: Caller, order_id: OrderId, reason: str, new_code: str
) -> Order:
    """A worker gives up their own position; another is looked for, at the same price and start.

    Whoever leaves may know the start code, so the user gets a new one. The others keep their
    positions, and arrive anew. Raises OrderNotFound, NotInCrew, MoveRefused.
    Tells order.released.v1.
    """
    order = await order_for_update(tx, caller, order_id)
    positions = await positions_of(tx, order)
    visit = await current_visit(tx, order)

    own = held_by(caller, positions, order)

    await move_order(
        tx, order, OrderMove.WORKER_CANCEL, by=caller, reason=scrub(reason), position=own.number
    )
    held = await free_position(tx, order, own)
    visit.departed_at = visit.arrived_at = visit.arrived_by = None
    for position in positions:
        if position.visit_id == visit.id:
            position.arrived_at = None
    order.start_code, order.start_tries = new_code, 0

    tx.publish(
        OrderReleased(
            **told(order, positions),
            visit_id=visit.id,
            positions=[own.number],
            workers=[held.worker_id],
            offers=[held.offer_id],
            reason=REASON,
            breach=True,
        )
    )
    return order
