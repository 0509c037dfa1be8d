"""HTTP for staff who watch over orders."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel

from services.order.api.order_views import (
    OrderDetail,
    OrderPage,
    OrderSummary,
    StaffTimelineEntry,
    detail_of,
)
from services.order.api.orders import CancelledView, CancelRequest
from services.order.domain.order import OrderState
from services.order.domain.refusals import MoveNotBuilt, OrderNotFound
from services.order.storage.history import history_of, leads_to
from services.order.storage.order_lists import board, order_by_number
from services.order.storage.orders import order_of
from services.order.storage.whole import whole_order
from services.order.use_cases.cancel_order import cancel_order
from shared.contracts.ids import OrderId
from shared.kit.states import MoveForbidden, MoveRefused
from shared.kit.web import OnceDep, ReadDep, StaffCaller, problems

router = APIRouter(prefix="/staff/order/orders", tags=["staff: orders"])


class StaffTimeline(BaseModel):
    """What happened to an order, and whether it leads to the state that the order is in."""

    order_id: UUID
    state: OrderState
    consistent: bool
    entries: list[StaffTimelineEntry]


@router.get("")
async def get_board(
    _: StaffCaller,
    begin: ReadDep,
    state: OrderState = OrderState.PENDING_DISPATCH,
    cursor: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> OrderPage:
    """All orders in one state, newest first.

    `state=pending_dispatch` shows who still waits for a worker; `escalated_at` in a row says that
    the search time is over.
    """
    async with begin() as tx:
        found = await board(tx, state, cursor, limit)
    items = [OrderSummary.model_validate(order) for order in found]
    return OrderPage(items=items, next_cursor=found[-1].id if len(found) == limit else None)


@router.get("/by-number/{number}", responses=problems(OrderNotFound))
async def get_by_number(
    number: Annotated[str, Path(max_length=20)], caller: StaffCaller, begin: ReadDep
) -> OrderDetail:
    """The order whose number a caller on the phone reads out, e.g. `JA-7K3M-92Q4`."""
    async with begin() as tx:
        order_id = await order_by_number(tx, number.upper())
        if order_id is None:
            raise OrderNotFound(f"No order {number}.")
        return await detail_of(tx, await whole_order(tx, caller, order_id), caller)


@router.get("/{order_id}", responses=problems(OrderNotFound))
async def get_order(order_id: UUID, caller: StaffCaller, begin: ReadDep) -> OrderDetail:
    """One order, whole; addresses are shown down to the block, the start code never."""
    async with begin() as tx:
        return await detail_of(tx, await whole_order(tx, caller, order_id), caller)


@router.get("/{order_id}/timeline", responses=problems(OrderNotFound))
async def get_timeline(order_id: UUID, caller: StaffCaller, begin: ReadDep) -> StaffTimeline:
    """Everything that happened to an order, with who did it and what caused it."""
    async with begin() as tx:
        order = await order_of(tx, caller, order_id)
        history = await history_of(tx, order)
    return StaffTimeline(
        order_id=order.id,
        state=order.state,
        consistent=leads_to(history, order.state, order.version),
        entries=[StaffTimelineEntry.model_validate(row) for row in history],
    )


@router.post(
    "/{order_id}/cancel",
    responses=problems(OrderNotFound, MoveRefused, MoveForbidden, MoveNotBuilt),
)
async def post_cancel(
    order_id: UUID, body: CancelRequest, caller: StaffCaller, once: OnceDep
) -> CancelledView:
    """Cancel an order for which no worker has been found yet, on behalf of its user or of us.

    What was paid goes back in full. The reason is kept in the order's timeline.
    """
    return await once(CancelledView, cancel_order, caller, OrderId(order_id), body.reason)
