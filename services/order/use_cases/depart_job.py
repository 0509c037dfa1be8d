"""Set out for a job."""

from services.order.domain.job import require_lead
from services.order.domain.order import OrderMove
from services.order.storage.history import move_order
from services.order.storage.locking import LockedOrder, change_visit, order_with_crew_for_update
from services.order.storage.telling import told
from shared.contracts.ids import OrderId
from shared.contracts.order import OrderDeparted
from shared.kit.caller import Caller
from shared.kit.session import Transaction


async def depart_job(tx: Transaction, caller: Caller, order_id: OrderId) -> LockedOrder:
    """The lead is on the way to the user.

    Raises OrderNotFound, LeadOnly, MoveRefused. Tells order.departed.v1.
    """
    order, crew = await order_with_crew_for_update(tx, caller, order_id)

    require_lead(caller, crew.seats, order.visit_number)

    order = await move_order(tx, order, OrderMove.DEPART, by=caller)
    change_visit(tx, order, crew.visit, departed_at=tx.now)

    tx.publish(OrderDeparted(**told(order, crew.seats), visit_id=crew.visit.id))
    return order
