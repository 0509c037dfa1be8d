"""A user's coupons."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body
from pydantic import Field

from services.promotion.api.shapes import AcceptLanguage, Limit, Request, View
from services.promotion.domain.campaign import (
    CampaignCode,
    CampaignExhausted,
    CampaignNotFound,
    CampaignNotOpen,
    CouponLimitReached,
    Kind,
    Plan,
)
from services.promotion.domain.coupon import CouponState
from services.promotion.storage.coupons import Coupon, coupons_of
from services.promotion.use_cases.claim_coupon import claim_coupon
from shared.kit.money import Money
from shared.kit.web import OnceDep, ReadDep, UserCaller, problems
from shared.locales import locale_asked

router = APIRouter(prefix="/coupons", tags=["coupons"])


class ClaimRequest(Request):
    """The campaign to take a coupon of."""

    campaign: CampaignCode


class ClaimedView(View):
    """The coupon that is yours now."""

    id: UUID
    code: str = Field(validation_alias="campaign")
    state: CouponState
    expires_at: datetime


class CouponView(View):
    """One coupon: what it takes off, where it counts, until when, and how it stands.

    `value` is an amount in minor units for `amount_off` and basis points of the list price for
    `percent_off`. No categories means all of them.
    """

    id: UUID
    code: str
    name: str
    kind: Kind
    value: int
    minimum: Money
    max_discount: Money | None
    categories: list[str]
    first_order_only: bool
    state: CouponState
    issued_at: datetime
    expires_at: datetime
    order_id: UUID | None  # The order that holds or used it.


class CouponPage(View):
    """Coupons, the last given first; ``next_cursor`` asks for more."""

    items: list[CouponView]
    next_cursor: UUID | None


def _view(coupon: Coupon, plan: Plan, language: str) -> CouponView:
    most = plan.max_discount
    return CouponView(
        id=coupon.id,
        code=coupon.campaign,
        name=plan.names[locale_asked(language)],
        kind=plan.kind,
        value=plan.value,
        minimum=plan.minimum.money,
        max_discount=None if most is None else most.money,
        categories=plan.categories,
        first_order_only=plan.first_order_only,
        state=coupon.state,
        issued_at=coupon.issued_at,
        expires_at=coupon.expires_at,
        order_id=coupon.order_id,
    )


@router.get("")
async def get_coupons(
    caller: UserCaller,
    read: ReadDep,
    accept_language: AcceptLanguage = "",
    state: CouponState | None = None,
    cursor: UUID | None = None,
    limit: Limit = 20,
) -> CouponPage:
    """Your coupons, the used and expired ones included; `state` asks for some only."""
    async with read() as tx:
        rows = await coupons_of(tx, caller, cursor, limit, state)
    items = [_view(coupon, plan, accept_language) for coupon, plan in rows]
    return CouponPage(items=items, next_cursor=items[-1].id if len(items) == limit else None)


_CLAIM = Body(openapi_examples={"a campaign open to all": {"value": {"campaign": "drain-week"}}})


@router.post(
    "/claim",
    status_code=201,
    responses=problems(CampaignNotFound, CampaignNotOpen, CampaignExhausted, CouponLimitReached),
)
async def post_claim(
    body: Annotated[ClaimRequest, _CLAIM], caller: UserCaller, once: OnceDep
) -> ClaimedView:
    """Take a coupon of a campaign that `GET /promotions` lists, while there are any."""
    return await once(ClaimedView, claim_coupon, caller, body.campaign)
