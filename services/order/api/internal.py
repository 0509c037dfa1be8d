"""HTTP for sister services; the gateway never routes it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StrictInt

from services.order.domain.order import OrderState
from services.order.domain.refusals import (
    OfferReleased,
    OrderNotFound,
    OwnOrder,
    PositionFilled,
    PositionNotFound,
    WorkerAlreadyInCrew,
)
from services.order.storage.paying import payable_order
from services.order.storage.telling import payable_facts
from services.order.use_cases.assign_position import assign_position
from shared.contracts.ids import OfferId, OrderId, VisitId, WorkerId
from shared.contracts.order import OrderPlaced
from shared.kit.states import MoveRefused
from shared.kit.web import BeginDep, InternalCaller, ReadDep, problems

router = APIRouter(prefix="/internal/orders/{order_id}", tags=["internal"])


class AssignRequest(BaseModel):
    """A booked worker for one position."""

    model_config = ConfigDict(extra="forbid")

    offer_id: UUID
    worker_id: UUID
    visit_id: UUID
    position: Annotated[StrictInt, Field(ge=1, le=100)]
    promised_at: AwareDatetime | None = None  # When the worker said they would be there.


class AssignedView(BaseModel):
    """Where the order stands, and whether the visit's crew is complete."""

    model_config = ConfigDict(from_attributes=True)

    state: OrderState
    complete: bool


@router.post(
    "/assign",
    responses=problems(
        OrderNotFound,
        PositionNotFound,
        PositionFilled,
        OwnOrder,
        WorkerAlreadyInCrew,
        OfferReleased,
        MoveRefused,
    ),
)
async def post_assign(
    order_id: UUID, body: AssignRequest, _: InternalCaller, begin: BeginDep
) -> AssignedView:
    """Fill a position; the same offer again gets the same answer."""
    async with begin() as tx:
        assigned = await assign_position(
            tx,
            OrderId(order_id),
            OfferId(body.offer_id),
            WorkerId(body.worker_id),
            VisitId(body.visit_id),
            body.position,
            body.promised_at,
        )
    return AssignedView.model_validate(assigned)


@router.get("/payable", responses=problems(OrderNotFound))
async def get_payable(order_id: UUID, caller: InternalCaller, read: ReadDep) -> OrderPlaced:
    """What is to pay: the body of ``order.placed``, with the state as it is now."""
    async with read() as tx:
        return OrderPlaced(**payable_facts(await payable_order(tx, caller, order_id)))
