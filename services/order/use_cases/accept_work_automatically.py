"""Accept the work in the name of a user who says nothing."""

from datetime import timedelta

from services.order.domain.order import OrderMove, OrderState
from services.order.domain.review import CASE_CHECK_SECONDS, REVIEW_SECONDS
from services.order.storage.history import move_order
from services.order.storage.locking import order_with_crew_for_update
from services.order.storage.telling import told
from shared.contracts.ids import OrderId
from shared.contracts.order import OrderAccepted
from shared.kit.caller import SYSTEM
from shared.kit.session import Transaction


async def accept_work_automatically(tx: Transaction, order_id: OrderId) -> None:
    """The time to accept is over; while an after-sales case is open nothing is accepted.

    Raises OrderNotFound. Tells order.accepted.v1.
    """
    order, crew = await order_with_crew_for_update(tx, SYSTEM, order_id)

    if order.state is not OrderState.PENDING_ACCEPTANCE:
        return  # Somebody was faster.
    if order.case_open:
        again_at = tx.now + timedelta(seconds=CASE_CHECK_SECONDS)
        await tx.schedule("auto_accept", order.id, again_at)
        return

    order = await move_order(
        tx, order, OrderMove.AUTO_ACCEPT, by=SYSTEM, also={"accepted_at": tx.now}
    )
    await tx.schedule("close_review", order.id, tx.now + timedelta(seconds=REVIEW_SECONDS))

    tx.publish(OrderAccepted(**told(order, crew.seats), automatic=True, payable=order.payable))
