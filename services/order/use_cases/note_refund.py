"""Take note of money that went back to the user."""

from services.order.storage.history import note_on_order
from services.order.storage.locking import order_for_update
from shared.contracts.ids import OrderId, RefundId
from shared.kit.caller import SYSTEM
from shared.kit.money import Money
from shared.kit.session import Transaction


async def note_refund(
    tx: Transaction, order_id: OrderId, refund_id: RefundId, amount: Money
) -> None:
    """Show on the order what was refunded.

    Raises OrderNotFound.
    """
    order = await order_for_update(tx, SYSTEM, order_id)

    refunded = {"refunded_minor": order.refunded_minor + amount.minor}
    await note_on_order(
        tx,
        order,
        "refunded",
        by=SYSTEM,
        also=refunded,
        refund_id=str(refund_id),
        amount_minor=amount.minor,
    )
