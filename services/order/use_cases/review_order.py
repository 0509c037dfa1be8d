"""Review the work."""

from collections.abc import Mapping

from services.order.domain.order import OrderMove
from services.order.storage.history import move_order
from services.order.storage.locking import order_with_crew_for_update
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
    order, crew = await order_with_crew_for_update(tx, caller, order_id)

    order = await move_order(tx, order, OrderMove.REVIEW, by=caller, rating=rating)
    await tx.cancel_timer("close_review", order.id)
    review = await add_review(tx, order, rating, dict(scores), text)

    tx.publish(OrderReviewed(**told(order, crew.seats), rating=rating, scores=dict(scores)))
    return review
