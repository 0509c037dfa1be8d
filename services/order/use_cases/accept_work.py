"""Accept the work."""

from datetime import timedelta

from services.order.domain.order import OrderMove
from services.order.domain.review import REVIEW_SECONDS
from services.order.storage.history import move_order
from services.order.storage.locking import LockedOrder, order_with_crew_for_update
from services.order.storage.telling import told
from shared.contracts.ids import OrderId
from shared.contracts.order import OrderAccepted
from shared.kit.caller import Caller
from shared.kit.session import Transaction


async def accept_work(tx: Transaction, caller: Caller, order_id: OrderId) -> LockedOrder:
    """The user is content: the workers are paid out of escrow.

    Raises OrderNotFound, MoveRefused. Tells order.accepted.v1.
    """
    order, crew = await order_with_crew_for_update(tx, caller, order_id)

    order = await move_order(tx, order, OrderMove.ACCEPT, by=caller, also={"accepted_at": tx.now})
    await tx.cancel_timer("auto_accept", order.id)
    await tx.schedule("close_review", order.id, tx.now + timedelta(seconds=REVIEW_SECONDS))

    tx.publish(OrderAccepted(**told(order, crew.seats), automatic=False, payable=order.payable))
    return order
