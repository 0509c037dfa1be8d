"""HTTP for the end of an order: the user accepts the work and reviews it."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, StrictInt

from services.order.domain.order import OrderState
from services.order.domain.refusals import OrderNotFound
from services.order.domain.review import SCORE_MAX, SCORE_MIN, TEXT_MAX, Dimension
from services.order.use_cases.accept_work import accept_work
from services.order.use_cases.review_order import review_order
from shared.contracts.ids import OrderId
from shared.kit.states import MoveRefused
from shared.kit.web import OnceDep, UserCaller, problems
from shared.texts import Printable

router = APIRouter(prefix="/orders/{order_id}", tags=["orders"])

Score = Annotated[StrictInt, Field(ge=SCORE_MIN, le=SCORE_MAX)]


class AcceptedView(BaseModel):
    """An order whose work is accepted."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    number: str
    state: OrderState
    accepted_at: datetime


class ReviewRequest(BaseModel):
    """Stars for the whole, stars for what you like to score, and words."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"rating": 5, "scores": {"punctual": 5, "tidy": 4}, "text": "On time and careful."}
            ]
        },
    )

    rating: Score
    scores: dict[Dimension, Score] = {}
    text: Annotated[Printable, Field(max_length=TEXT_MAX)] = ""


class ReviewedView(BaseModel):
    """A review as it was written."""

    model_config = ConfigDict(from_attributes=True)

    order_id: UUID
    rating: int
    scores: dict[str, int]
    reviewed_at: datetime


@router.post("/accept", responses=problems(OrderNotFound, MoveRefused))
async def post_accept(order_id: UUID, caller: UserCaller, once: OnceDep) -> AcceptedView:
    """Accept the work: the crew is paid. Without a word from you time accepts it."""
    return await once(AcceptedView, accept_work, caller, OrderId(order_id))


@router.post("/review", status_code=201, responses=problems(OrderNotFound, MoveRefused))
async def post_review(
    order_id: UUID, body: ReviewRequest, caller: UserCaller, once: OnceDep
) -> ReviewedView:
    """Rate the work, once and within 15 days of its acceptance."""
    scores = {dimension.value: score for dimension, score in body.scores.items()}
    text = body.text.strip()
    return await once(
        ReviewedView, review_order, caller, OrderId(order_id), body.rating, scores, text
    )
