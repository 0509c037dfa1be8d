"""HTTP for reading reviews: everybody's of an offering, and a user's own."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel

from services.order.domain.refusals import OrderNotFound
from services.order.domain.review import ReviewNotFound
from services.order.storage.orders import order_of
from services.order.storage.reviews import Review, review_of, reviews_of_offering, text_of
from shared.kit.session import Transaction
from shared.kit.web import ReadDep, UserCaller, problems
from shared.privacy.masks import scrub

offering_router = APIRouter(prefix="/catalog/offerings/{offering_id}", tags=["catalogue"])
order_router = APIRouter(prefix="/orders/{order_id}", tags=["orders"])


class ReviewView(BaseModel):
    """What a user said; who they are is not told."""

    id: UUID
    rating: int
    scores: dict[str, int]
    text: str | None  # Phone and identity numbers are masked.
    reviewed_at: datetime


class ReviewPage(BaseModel):
    """Newest first; ``next_cursor`` fetches what is older, None at the end."""

    items: list[ReviewView]
    next_cursor: UUID | None


@offering_router.get("/reviews")
async def get_reviews(
    offering_id: UUID,
    begin: ReadDep,
    cursor: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> ReviewPage:
    """What users said about an offering after their orders were done."""
    async with begin() as tx:
        found = await reviews_of_offering(tx, offering_id, cursor, limit)
        items = [await _view(tx, review) for review in found]
    return ReviewPage(items=items, next_cursor=found[-1].id if len(found) == limit else None)


@order_router.get("/review", responses=problems(OrderNotFound, ReviewNotFound))
async def get_review(order_id: UUID, caller: UserCaller, begin: ReadDep) -> ReviewView:
    """Your review of one of your orders."""
    async with begin() as tx:
        order = await order_of(tx, caller, order_id)
        return await _view(tx, await review_of(tx, order))


async def _view(tx: Transaction, review: Review) -> ReviewView:
    text = await text_of(tx, review)
    return ReviewView(
        id=review.id,
        rating=review.rating,
        scores=review.scores,
        text=None if text is None else scrub(text),
        reviewed_at=review.reviewed_at,
    )
