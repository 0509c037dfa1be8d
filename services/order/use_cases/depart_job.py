"""Set out for a job."""

from services.order.domain.order import OrderMove
from services.order.storage.history import move_order
from services.order.storage.orders import (
    Order,
    current_visit,
    order_for_update,
    positions_of,
    require_lead,
)
from services.order.storage.telling import told
from shared.contracts.ids import OrderId
from shared.contracts.order import OrderDeparted
from shared.kit.caller import Caller
from shared.kit.session import Transaction


async def depart_job(tx: Transaction, caller: Caller, order_id: OrderId) -> Order:
    """The lead is on the way to the user.

    Raises OrderNotFound, LeadOnly, MoveRefused. Tells order.departed.v1.
    """
    order = await order_for_update(tx, caller, order_id)
    positions = await positions_of(tx, order)
    visit = await current_visit(tx, order)

    require_lead(caller, positions, order)

    await move_order(tx, order, OrderMove.DEPART, by=caller)
    visit.departed_at = tx.now

    tx.publish(OrderDeparted(**told(order, positions), visit_id=visit.id))
    return order
