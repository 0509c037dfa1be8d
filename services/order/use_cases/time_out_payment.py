"""End an order that was not paid in time."""

from services.order.domain.order import OrderMove, OrderState
from services.order.storage.history import move_order
from services.order.storage.locking import order_with_crew_for_update
from services.order.storage.telling import told
from shared.contracts.ids import OrderId
from shared.contracts.order import CancelReason, OrderCancelled
from shared.kit.caller import SYSTEM
from shared.kit.money import Money
from shared.kit.session import Transaction


async def time_out_payment(tx: Transaction, order_id: OrderId) -> None:
    """Cancel an order of which payment said that it will not be paid any more.

    Raises OrderNotFound. Tells order.cancelled.v1.
    """
    order, crew = await order_with_crew_for_update(tx, SYSTEM, order_id)
    if order.state is not OrderState.PENDING_PAYMENT:
        return  # Cancelled by the user meanwhile.

    end = {"cancelled_at": tx.now, "cancel_reason": CancelReason.PAY_TIMEOUT}
    order = await move_order(tx, order, OrderMove.PAY_TIMEOUT, by=SYSTEM, also=end)
    await tx.cancel_timer("pay_alert", order.id)

    tx.publish(
        OrderCancelled(
            **told(order, crew.seats),
            reason=CancelReason.PAY_TIMEOUT,
            was_paid=False,
            fee=Money.zero(order.payable.currency),
        )
    )
