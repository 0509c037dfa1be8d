"""Close an order that nobody reviewed."""

from services.order.domain.order import OrderMove, OrderState
from services.order.storage.history import move_order
from services.order.storage.locking import order_with_crew_for_update
from services.order.storage.telling import told
from shared.contracts.ids import OrderId
from shared.contracts.order import OrderCompletedUnreviewed
from shared.kit.caller import SYSTEM
from shared.kit.session import Transaction


async def close_review(tx: Transaction, order_id: OrderId) -> None:
    """The time to review is over; no rating is made up.

    Raises OrderNotFound. Tells order.completed_unreviewed.v1.
    """
    order, crew = await order_with_crew_for_update(tx, SYSTEM, order_id)

    if order.state is not OrderState.PENDING_REVIEW:
        return  # Reviewed meanwhile, or closed by a case.

    order = await move_order(tx, order, OrderMove.CLOSE_REVIEW, by=SYSTEM)

    tx.publish(OrderCompletedUnreviewed(**told(order, crew.seats)))
