"""HTTP for staff who order for a user on the phone."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from services.order.api.orders import (
    PLACING_REFUSALS,
    EntropyDep,
    OrderRequest,
    PlacedView,
    PromotionDep,
    place,
)
from services.order.api.price_quotes import (
    QUOTING_REFUSALS,
    AddressesDep,
    PriceQuoteRequest,
    PriceQuoteView,
    quote_view,
)
from services.order.use_cases.quote_price import quote_price
from shared.kit.caller import Caller, Role
from shared.kit.web import BeginDep, OnceDep, ReadDep, StaffCaller, problems
from shared.texts import Printable

router = APIRouter(prefix="/staff/order", tags=["staff: orders"])

_USER = "01980f5e-7c00-7000-8000-000000000def"


class ForUserBody(BaseModel):
    """For whom staff ask."""

    model_config = ConfigDict(extra="forbid")

    user_id: UUID

    def user(self) -> Caller:
        """The user as the one whose quote and order it is."""
        return Caller(self.user_id, Role.USER)


class StaffPriceQuoteRequest(ForUserBody, PriceQuoteRequest):
    """What to price, and for whom; `address_id` and `coupon_ids` are that user's."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "user_id": _USER,
                    "offering_id": "01980f5e-7c00-7000-8000-000000000abc",
                    "starts_at": "2026-12-01T02:00:00Z",
                    "stops": [
                        {
                            "kind": "site",
                            "point": {"lat": 22.3814, "lng": 114.1877},
                            "district": "ST",
                        }
                    ],
                }
            ]
        }
    )


class StaffOrderRequest(ForUserBody, OrderRequest):
    """An order for a user by the quote that was read out to them; why is kept in its timeline."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "user_id": _USER,
                    "quote_id": "01980f5e-7c00-7000-8000-000000000abc",
                    "hash": "9f86d081884c7d65…",
                    "reason": "On the phone; cannot use the app.",
                }
            ]
        }
    )

    reason: Annotated[Printable, Field(min_length=1, max_length=200)]


@router.post("/price-quotes", status_code=201, responses=problems(*QUOTING_REFUSALS))
async def post_price_quote(
    body: StaffPriceQuoteRequest,
    _: StaffCaller,
    begin: BeginDep,
    addresses: AddressesDep,
    promotion: PromotionDep,
) -> PriceQuoteView:
    """Price an order for a user on the phone, with their best coupons or those they name.

    The quote is the user's, as if they had asked for it: their kept addresses, their coupons,
    address lines sealed for them. Only `POST /staff/order/orders` with the same `user_id`, or the
    user, can order by it. We keep no list of users here: check that `user_id` is the caller's.
    """
    return quote_view(*await quote_price(begin, addresses, promotion, body.user(), body.wish()))


@router.post("/orders", status_code=201, responses=problems(*PLACING_REFUSALS))
async def post_order(
    body: StaffOrderRequest,
    caller: StaffCaller,
    read: ReadDep,
    once: OnceDep,
    promotion: PromotionDep,
    entropy: EntropyDep,
) -> PlacedView:
    """Place an order for a user on the phone at the price that was read out to them.

    It is the user's order: they see it, pay it until `pay_until`, and may cancel it. The timeline
    says that you placed it and why. We keep no list of users here: an order for a `user_id` that
    is nobody's is paid by nobody, and ends with its pay time.
    """
    return await place(
        read, once, promotion, entropy, caller, body.user(), body, reason=body.reason
    )
