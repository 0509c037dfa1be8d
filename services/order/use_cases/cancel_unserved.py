"""Give up on an order for which no worker was found."""

from services.order.domain.order import OrderState
from services.order.storage.locking import order_for_update
from services.order.use_cases.cancel_order import cancel_order
from shared.contracts.ids import OrderId
from shared.kit.caller import SYSTEM
from shared.kit.session import Transaction


async def cancel_unserved(tx: Transaction, order_id: OrderId) -> None:
    """Cancel and refund an order that has been escalated for a day without a choice of the user.

    Raises OrderNotFound.
    """
    order = await order_for_update(tx, SYSTEM, order_id)
    if order.state is OrderState.PENDING_DISPATCH and order.escalated_at is not None:
        await cancel_order(tx, SYSTEM, order_id, "no worker within a day of the escalation")
