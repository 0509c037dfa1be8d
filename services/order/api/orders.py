"""HTTP for a user's orders: placing, reading, cancelling."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from services.order.api.order_views import (
    FullLines,
    OrderDetail,
    OrderPage,
    OrderSummary,
    Timeline,
    detail_of,
    timeline_of,
)
from services.order.domain.catalogue import OfferingNotFound, OfferingOffSale
from services.order.domain.order import OrderMove, OrderState
from services.order.domain.ports import Entropy, Promotion
from services.order.domain.refusals import (
    MoveNotBuilt,
    OrderNotFound,
    PriceChanged,
    QuoteExpired,
    QuoteNotFound,
    QuoteUsed,
)
from services.order.domain.tabs import Tab
from services.order.storage.history import history_of
from services.order.storage.order_lists import orders_of_user
from services.order.storage.orders import order_of
from services.order.storage.quotes import has_benefits
from services.order.storage.whole import whole_order
from services.order.use_cases.cancel_order import cancel_order
from services.order.use_cases.place_order import place_order
from services.order.use_cases.place_order_with_benefits import place_order_with_benefits
from shared.contracts.ids import OrderId, QuoteId
from shared.kit.caller import SYSTEM, Caller
from shared.kit.errors import Unavailable
from shared.kit.money import Money
from shared.kit.once import Once, RequestStillRunning, RequestUndone
from shared.kit.session import Opening, Transaction
from shared.kit.states import MoveForbidden, MoveRefused
from shared.kit.web import BeginDep, OnceDep, ReadDep, UserCaller, port, problems
from shared.privacy.sealing import Erased, reveal
from shared.texts import Printable

router = APIRouter(prefix="/orders", tags=["orders"])

PromotionDep = Annotated[Promotion, Depends(port("promotion"))]
EntropyDep = Annotated[Entropy, Depends(port("entropy"))]


PLACING_REFUSALS = (
    QuoteNotFound,
    QuoteExpired,
    QuoteUsed,
    PriceChanged,
    OfferingNotFound,
    OfferingOffSale,
    RequestStillRunning,
    RequestUndone,
    Unavailable,
)


class OrderRequest(BaseModel):
    """An order is placed by the price quote that was shown, and by its hash."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"quote_id": "01980f5e-7c00-7000-8000-000000000abc", "hash": "9f86d081884c7d65…"}
            ]
        },
    )

    quote_id: UUID
    hash: Annotated[str, Field(min_length=1, max_length=64)]


class PlacedView(BaseModel):
    """A placed order: what to pay, and until when."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    number: str
    state: OrderState
    list_price: Money
    payable: Money
    placed_at: datetime
    pay_until: datetime


class CancelRequest(BaseModel):
    """Why; phone and identity numbers in it are masked before it is kept."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "I found the spare key."}]}
    )

    reason: Annotated[Printable, Field(min_length=1, max_length=200)]


class CancelledView(BaseModel):
    """A cancelled order."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    number: str
    state: OrderState
    cancelled_at: datetime
    cancel_reason: str


class CancelPreview(BaseModel):
    """What cancelling now would cost; the same would be charged."""

    order_id: UUID
    fee: Money
    refund: Money


class StopLines(BaseModel):
    """One stop's address down to the door."""

    stop_id: UUID
    lines: FullLines


class StopLinesList(BaseModel):
    """The addresses of an order's stops."""

    stops: list[StopLines]


@router.post("", status_code=201, responses=problems(*PLACING_REFUSALS))
async def post_order(
    body: OrderRequest,
    caller: UserCaller,
    read: ReadDep,
    once: OnceDep,
    promotion: PromotionDep,
    entropy: EntropyDep,
) -> PlacedView:
    """Place an order at the quoted price. Coupons of the quote are held until paid or cancelled."""
    return await place(read, once, promotion, entropy, caller, caller, body)


async def place(
    read: Opening,
    once: Once,
    promotion: Promotion,
    entropy: Entropy,
    caller: Caller,
    user: Caller,
    body: OrderRequest,
    reason: str = "",
) -> PlacedView:
    """Place the user's order for the caller, with or without coupons to hold first."""
    quote_id = QuoteId(body.quote_id)
    async with read() as tx:
        in_steps = await has_benefits(tx, user, quote_id)
    asked = (caller, user, quote_id, body.hash, entropy.start_code(), reason)
    if not in_steps:
        return await once(PlacedView, place_order, *asked)
    return await once.in_steps(
        PlacedView, place_order_with_benefits, _placed_meanwhile, promotion, *asked
    )


async def _placed_meanwhile(tx: Transaction, order_id: UUID) -> PlacedView:
    """The answer for a placing that a timer finished."""
    return PlacedView.model_validate(await order_of(tx, SYSTEM, order_id))


@router.get("")
async def get_orders(
    caller: UserCaller,
    begin: ReadDep,
    tab: Tab = Tab.ALL,
    cursor: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> OrderPage:
    """Your orders under a tab, newest first."""
    async with begin() as tx:
        found = await orders_of_user(tx, caller, tab, cursor, limit)
    items = [OrderSummary.model_validate(order) for order in found]
    return OrderPage(items=items, next_cursor=found[-1].id if len(found) == limit else None)


@router.get("/{order_id}", responses=problems(OrderNotFound))
async def get_order(order_id: UUID, caller: UserCaller, begin: ReadDep) -> OrderDetail:
    """One of your orders, whole; addresses are shown down to the block."""
    async with begin() as tx:
        return await detail_of(tx, await whole_order(tx, caller, order_id), caller)


@router.get("/{order_id}/addresses", responses=problems(OrderNotFound, Erased))
async def get_addresses(order_id: UUID, caller: UserCaller, begin: BeginDep) -> StopLinesList:
    """The addresses of your order down to the door; each reading is recorded."""
    shown: list[StopLines] = []
    async with begin() as tx:
        order = await whole_order(tx, caller, order_id)
        for stop in order.stops:
            text = await reveal(
                tx,
                caller,
                "the user reads their own order",
                order.user_id,
                "stops.lines",
                stop.id,
                stop.lines,
            )
            shown.append(StopLines(stop_id=stop.id, lines=FullLines(**orjson.loads(text))))
    return StopLinesList(stops=shown)


@router.get("/{order_id}/timeline", responses=problems(OrderNotFound))
async def get_timeline(order_id: UUID, caller: UserCaller, begin: ReadDep) -> Timeline:
    """Everything that happened to one of your orders, oldest first."""
    async with begin() as tx:
        order = await order_of(tx, caller, order_id)
        return timeline_of(order, await history_of(tx, order))


@router.get(
    "/{order_id}/cancel-preview", responses=problems(OrderNotFound, MoveRefused, MoveNotBuilt)
)
async def get_cancel_preview(order_id: UUID, caller: UserCaller, begin: ReadDep) -> CancelPreview:
    """What cancelling now would cost and give back; nothing is charged before a worker is found.

    What was refunded before is not given back again.
    """
    async with begin() as tx:
        order = await order_of(tx, caller, order_id)
    if order.state in OrderMove.CANCEL_LATE.sources:
        late = OrderMove.CANCEL_LATE.label
        raise MoveNotBuilt(f"{late} is not offered yet.", move=late, state=order.state)
    OrderMove.CANCEL_FREE.check(order.state, caller.role)
    nothing = Money.zero(order.payable.currency)
    refunded = Money(order.refunded_minor, order.payable.currency)
    refund = nothing if order.paid_at is None else order.payable - refunded
    return CancelPreview(order_id=order.id, fee=nothing, refund=refund)


@router.post(
    "/{order_id}/cancel",
    responses=problems(OrderNotFound, MoveRefused, MoveForbidden, MoveNotBuilt),
)
async def post_cancel(
    order_id: UUID, body: CancelRequest, caller: UserCaller, once: OnceDep
) -> CancelledView:
    """Cancel an order for which no worker has been found yet; what was paid goes back in full."""
    return await once(CancelledView, cancel_order, caller, OrderId(order_id), body.reason)
