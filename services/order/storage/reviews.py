"""Reviews: one an order, written once, its text sealed for who wrote it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, SmallInteger, Uuid, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.order.domain.review import ReviewNotFound
from services.order.storage import Row
from services.order.storage.locking import LockedOrder
from services.order.storage.orders import Order
from shared.contracts.ids import OfferingId, OrderId, UserId
from shared.kit.ids import new_id_in
from shared.kit.session import Transaction
from shared.privacy.sealing import Erased, seal, unseal

_PLACE = "reviews.text"


class Review(Row):
    """How a user rated the work."""

    __tablename__ = "reviews"

    shard: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    order_id: Mapped[OrderId] = mapped_column(Uuid, primary_key=True)  # One an order.
    id: Mapped[UUID] = mapped_column(Uuid)
    user_id: Mapped[UserId] = mapped_column(Uuid)
    offering_id: Mapped[OfferingId] = mapped_column(Uuid)
    rating: Mapped[int]
    scores: Mapped[dict[str, Any]] = mapped_column(JSONB)  # By dimension, 1 to 5.
    reviewed_at: Mapped[datetime]
    text: Mapped[bytes | None] = mapped_column(default=None)  # Sealed.

    __table_args__ = (
        ForeignKeyConstraint(["shard", "order_id"], ["orders.shard", "orders.id"]),
        CheckConstraint("rating BETWEEN 1 AND 5", name="rating"),
        Index("uq_reviews_offering_id_id", "offering_id", "id", unique=True),
    )


async def add_review(
    tx: Transaction, order: LockedOrder, rating: int, scores: dict[str, int], text: str
) -> Review:
    """Write the one review of a locked order."""
    review_id = new_id_in(order.shard)
    review = Review(
        shard=order.shard,
        order_id=order.id,
        id=review_id,
        user_id=order.user_id,
        offering_id=order.offering_id,
        rating=rating,
        scores=dict(scores),
        reviewed_at=tx.now,
        text=await seal(tx, order.user_id, _PLACE, review_id, text) if text else None,
    )
    tx.write(review)
    return review


async def review_of(tx: Transaction, order: Order) -> Review:
    """The order's review. Raises ReviewNotFound."""
    review = await tx.session.get(Review, (order.shard, order.id))
    if review is None:
        raise ReviewNotFound(f"Order {order.id} has no review.")
    return review


async def reviews_of_offering(
    tx: Transaction, offering_id: UUID, cursor: UUID | None, limit: int
) -> Sequence[Review]:
    """What users said about an offering, newest first, older than the cursor."""
    query = select(Review).where(Review.offering_id == offering_id)
    if cursor is not None:
        query = query.where(Review.id < cursor)
    return (await tx.session.scalars(query.order_by(Review.id.desc()).limit(limit))).all()


async def text_of(tx: Transaction, review: Review) -> str | None:
    """What the user wrote; None if nothing, or if they asked to be forgotten."""
    if review.text is None:
        return None
    try:
        return await unseal(tx, review.user_id, _PLACE, review.id, review.text)
    except Erased:
        return None
