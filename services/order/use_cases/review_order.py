"""Review the work."""

from collections.abc import Mapping

from services.order.domain.order import OrderMove
from services.order.storage.history import move_order
from services.order.storage.orders import order_for_update, positions_of
from services.order.storage.reviews import Review, add_review
from services.order.storage.telling import told
from shared.contracts.ids import OrderId
from shared.contracts.order import OrderReviewed
from shared.kit.caller import Caller
from shared.kit.session import Transaction


async def review_order(
    tx: Transaction,
    caller: Caller,
    order_id: OrderId,
    rating: int,
    scores: Mapping[str, int],
    text: str,
) -> Review:
    """The user rates the work once; the rating feeds the workers' credit.

    Raises OrderNotFound, MoveRefused. Tells order.reviewed.v1.
    """
    # The timer goes first, as it does where it falls due: the other way round two would deadlock.
    await tx.cancel_timer("close_review", order_id)
    order = await order_for_update(tx, caller, order_id)
    positions = await positions_of(tx, order)

    await move_order(tx, order, OrderMove.REVIEW, by=caller, rating=rating)
    review = await add_review(tx, order, rating, dict(scores), text)

    tx.publish(OrderReviewed(**told(order, positions), rating=rating, scores=dict(scores)))
    return review
