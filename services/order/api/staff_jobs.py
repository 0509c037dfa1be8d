"""HTTP for staff who help a crew on site."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from services.order.api.job_views import JobMovedView
from services.order.domain.ports import Entropy
from services.order.domain.refusals import OrderNotFound
from services.order.use_cases.renew_start_code import renew_start_code
from shared.contracts.ids import OrderId
from shared.kit.states import MoveRefused
from shared.kit.web import OnceDep, StaffCaller, port, problems
from shared.texts import Printable

router = APIRouter(prefix="/staff/order/orders/{order_id}", tags=["staff: orders"])

EntropyDep = Annotated[Entropy, Depends(port("entropy"))]


class RenewRequest(BaseModel):
    """Why; it is kept in the order's timeline."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"reason": "Crew on the phone; five wrong codes."}]},
    )

    reason: Annotated[Printable, Field(min_length=1, max_length=200)]


@router.post("/start-code", responses=problems(OrderNotFound, MoveRefused))
async def post_start_code(
    order_id: UUID, body: RenewRequest, caller: StaffCaller, once: OnceDep, entropy: EntropyDep
) -> JobMovedView:
    """Make a new start code after too many wrong ones, with five fresh tries.

    Only the user sees it, on their order; check first that crew and user are really together.
    """
    return await once(
        JobMovedView,
        renew_start_code,
        caller,
        OrderId(order_id),
        body.reason,
        entropy.start_code(),
    )
