"""Cancel an order before its work."""

from services.order.domain.order import OrderMove
from services.order.storage.history import move_order
from services.order.storage.locking import LockedOrder, order_with_crew_for_update
from services.order.storage.telling import told
from shared.contracts.ids import OrderId
from shared.contracts.order import CancelReason, OrderCancelled
from shared.kit.caller import Caller, Role
from shared.kit.money import Money
from shared.kit.session import Transaction
from shared.privacy.masks import scrub

_REASONS = {
    Role.USER: CancelReason.USER,
    Role.STAFF: CancelReason.STAFF,
    Role.SYSTEM: CancelReason.NO_WORKER,
}


async def cancel_order(
    tx: Transaction, caller: Caller, order_id: OrderId, reason: str
) -> LockedOrder:
    """End an order that nobody is on the way for: free of charge, all that was paid goes back.

    Raises OrderNotFound, MoveRefused, MoveForbidden, MoveNotBuilt. Tells order.cancelled.v1.
    """
    order, crew = await order_with_crew_for_update(tx, caller, order_id)

    is_late = order.state in OrderMove.CANCEL_LATE.sources
    move = OrderMove.CANCEL_LATE if is_late else OrderMove.CANCEL_FREE
    move.check(order.state, caller.role)

    end = {"cancelled_at": tx.now, "cancel_reason": _REASONS[caller.role]}
    order = await move_order(tx, order, move, by=caller, reason=scrub(reason), also=end)
    await tx.cancel_timer("pay_alert", order.id)
    await tx.cancel_timer("escalated", order.id)

    tx.publish(
        OrderCancelled(
            **told(order, crew.seats),
            reason=_REASONS[caller.role],
            was_paid=order.paid_at is not None,
            fee=Money.zero(order.payable.currency),
        )
    )
    return order
