"""Tell the user's side that no worker was found in time."""

from datetime import timedelta

from services.order.domain.deadlines import ESCALATED_SECONDS
from services.order.domain.order import OrderState
from services.order.storage.history import note_on_order
from services.order.storage.locking import order_for_update
from shared.contracts.ids import OrderId
from shared.kit.caller import SYSTEM
from shared.kit.session import Transaction


async def escalate_search(tx: Transaction, order_id: OrderId) -> None:
    """Mark an order that still waits for workers; it is refunded a day later unless one comes.

    Raises OrderNotFound.
    """
    order = await order_for_update(tx, SYSTEM, order_id)
    if order.state is not OrderState.PENDING_DISPATCH or order.escalated_at is not None:
        return

    await note_on_order(tx, order, "escalated", by=SYSTEM, also={"escalated_at": tx.now})
    until = tx.now + timedelta(seconds=ESCALATED_SECONDS)
    await tx.schedule("escalated", order.id, until)
