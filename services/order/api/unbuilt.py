"""HTTP for the moves that are declared and not built yet.

Each route answers as it will: 404 for other people's orders, 403 by role, 409 by state; and where
the move would be legal, 409 ``move-not-built``. Nothing is ever changed.
"""

from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel

from services.order.domain.order import BUILT, OrderMove
from services.order.domain.refusals import MoveNotBuilt, OrderNotFound
from services.order.use_cases.make_unbuilt_move import make_unbuilt_move
from services.order.use_cases.open_case import open_case
from shared.contracts.ids import OrderId
from shared.kit.states import MoveForbidden, MoveRefused
from shared.kit.web import OnceDep, StaffCaller, UserCaller, WorkerCaller, problems

user_router = APIRouter(prefix="/orders/{order_id}", tags=["orders: not built yet"])
worker_router = APIRouter(prefix="/jobs/{order_id}", tags=["jobs: not built yet"])
quotation_router = APIRouter(prefix="/orders/{order_id}", tags=["jobs: not built yet"])
staff_router = APIRouter(prefix="/staff/order/orders/{order_id}", tags=["staff: not built yet"])

REFUSALS = problems(OrderNotFound, MoveForbidden, MoveRefused, MoveNotBuilt)

UnbuiltMove = StrEnum(  # type: ignore[misc]
    "UnbuiltMove", {move.name: move.label for move in OrderMove if move not in BUILT}
)
"""The moves of the table that nothing makes yet."""


class MovedView(BaseModel):
    """The order after the move."""

    id: UUID
    state: str


def _user_route(path: str, move: OrderMove, says: str) -> None:
    async def route(order_id: UUID, caller: UserCaller, once: OnceDep) -> MovedView:
        return await once(MovedView, make_unbuilt_move, caller, OrderId(order_id), move)

    _add(user_router, path, move, says, route)


def _worker_route(router: APIRouter, path: str, move: OrderMove, says: str) -> None:
    async def route(order_id: UUID, caller: WorkerCaller, once: OnceDep) -> MovedView:
        return await once(MovedView, make_unbuilt_move, caller, OrderId(order_id), move)

    _add(router, path, move, says, route)


async def _version(version: Annotated[int, Path(ge=1, le=1_000)]) -> None:
    """Which version of a quotation or variation the door is for."""


async def _number(number: Annotated[int, Path(ge=1, le=1_000)]) -> None:
    """Which milestone the door is for."""


_IN_PATH = {"version": _version, "number": _number}


def _add(router: APIRouter, path: str, move: OrderMove, says: str, route: Any) -> None:
    route.__name__ = f"post_{move.label}"
    description = f"{says}\n\nNot built yet: answers 409 `move-not-built`."
    named = [Depends(read) for name, read in _IN_PATH.items() if f"{{{name}}}" in path]
    router.post(path, responses=REFUSALS, description=description, dependencies=named)(route)


_M = OrderMove
_user_route("/reschedule", _M.RESCHEDULE, "Ask for another time.")
_user_route("/resume", _M.RESUME_REDISPATCH, "Choose a new time after a suspension.")
_user_route(
    "/worker-no-show/redispatch",
    _M.WORKER_NO_SHOW_REDISPATCH,
    "The worker did not come: look for another.",
)
_user_route(
    "/worker-no-show/cancel", _M.WORKER_NO_SHOW_CANCEL, "The worker did not come: cancel, free."
)
_user_route("/quotations/{version}/approve", _M.APPROVE, "Approve what the worker quoted.")
_user_route(
    "/quotations/{version}/approve-with-topup",
    _M.APPROVE_WITH_TOPUP,
    "Approve a quotation above what is held, and pay the rest.",
)
_user_route("/quotations/{version}/decline", _M.DECLINE, "Decline what the worker quoted.")
_user_route("/variations/{version}/approve", _M.APPROVE_VARIATION, "Approve extra work.")
_user_route("/variations/{version}/reject", _M.REJECT_VARIATION, "Reject extra work.")
_user_route("/milestones/{number}/accept", _M.ACCEPT_MILESTONE, "Accept a part of the work.")
_user_route("/stop", _M.STOP_WORK, "Stop the work and pay for what was done.")
_user_route("/reject", _M.REJECT_WORK, "Reject the work as it was left.")

_worker_route(worker_router, "/user-no-show", _M.USER_NO_SHOW, "The user is not there.")
_worker_route(worker_router, "/diagnose", _M.BEGIN_DIAGNOSIS, "Begin to look for the fault.")
_worker_route(quotation_router, "/quotations", _M.SUBMIT_QUOTATION, "Quote after a diagnosis.")
_worker_route(quotation_router, "/variations", _M.RAISE_VARIATION, "Quote extra work.")


@user_router.post("/after-sales", responses=REFUSALS)
async def post_after_sales(order_id: UUID, caller: UserCaller, once: OnceDep) -> MovedView:
    """Open an after-sales case.

    Not built yet: answers 409 `move-not-built`.
    """
    return await once(MovedView, open_case, caller, OrderId(order_id))


@staff_router.post("/moves/{move}", responses=REFUSALS)
async def post_move(
    order_id: UUID, move: UnbuiltMove, caller: StaffCaller, once: OnceDep
) -> MovedView:
    """Make a move that has no door of its own yet, as staff, like `reassign` or `resume_assigned`.

    Each is refused by role and state as the table says. Not built yet: answers 409
    `move-not-built` where it would be legal.
    """
    made = OrderMove[move.name]
    return await once(MovedView, make_unbuilt_move, caller, OrderId(order_id), made)


routers = [user_router, worker_router, quotation_router, staff_router]
