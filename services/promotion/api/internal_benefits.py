"""What the order service asks when a price is quoted, an order placed, or a placing taken back."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from services.promotion.api.shapes import LIMIT_MAX, Request, View
from services.promotion.domain.benefit import Basket, SkipReason
from services.promotion.domain.campaign import Category, Sum
from services.promotion.domain.coupon import CouponNotUsable
from services.promotion.domain.lock import (
    BenefitsNotFound,
    LockedOtherwise,
    LockReleased,
)
from services.promotion.use_cases.choose_benefits import choose_benefits
from services.promotion.use_cases.lock_benefits import lock_benefits
from services.promotion.use_cases.release_benefits import release_benefits
from shared.contracts.ids import OfferingId, OrderId, UserId
from shared.contracts.shapes import Funder
from shared.kit.money import Money
from shared.kit.states import MoveForbidden
from shared.kit.web import BeginDep, InternalCaller, ReadDep, problems

router = APIRouter(prefix="/internal/benefits", tags=["internal"])

CouponIds = Annotated[list[UUID], Field(max_length=LIMIT_MAX)]


class BasketRequest(Request):
    """What is ordered, before any discount."""

    category: Category
    offering_id: UUID
    list_price: Sum

    @property
    def basket(self) -> Basket:
        return Basket(self.category, OfferingId(self.offering_id), self.list_price.money)


class QuoteRequest(BasketRequest):
    """Null asks for the best of all coupons that the caller holds; an empty list for none."""

    coupon_ids: CouponIds | None = None


class LockRequest(BasketRequest):
    """The coupons to hold for an order."""

    order_id: UUID
    coupon_ids: CouponIds


class ReleaseRequest(Request):
    """The order that needs no benefits any more."""

    order_id: UUID


class AppliedView(View):
    """What one coupon takes off, and who bears it."""

    coupon_id: UUID
    code: str
    amount: Money
    funder: Funder


class SkippedView(View):
    """A coupon that does not count, and why; the code is empty where there is no such coupon."""

    coupon_id: UUID
    code: str
    reason: SkipReason


class BenefitsView(View):
    """The coupons that count for the order and those that do not."""

    applied: list[AppliedView]
    skipped: list[SkippedView]


class ReleasedView(View):
    """Whether there was a lock to release; if not, there can never be one."""

    released: bool


@router.post("/quote")
async def post_quote(body: QuoteRequest, caller: InternalCaller, read: ReadDep) -> BenefitsView:
    """What would count for an order now; nothing is held."""
    async with read() as tx:
        choice = await choose_benefits(tx, caller, body.basket, body.coupon_ids)
    return BenefitsView.model_validate(choice)


@router.post(
    "/lock",
    responses=problems(
        BenefitsNotFound,
        LockReleased,
        LockedOtherwise,
        CouponNotUsable,
        MoveForbidden,
    ),
)
async def post_lock(body: LockRequest, caller: InternalCaller, begin: BeginDep) -> BenefitsView:
    """Hold coupons for an order; the same call again gets the same answer."""
    order_id = OrderId(body.order_id)
    async with begin() as tx:
        choice = await lock_benefits(tx, caller, order_id, body.basket, body.coupon_ids)
    return BenefitsView.model_validate(choice)


@router.post("/release", responses=problems(BenefitsNotFound, MoveForbidden))
async def post_release(
    body: ReleaseRequest, caller: InternalCaller, begin: BeginDep
) -> ReleasedView:
    """Free what an order holds; of an unknown order, make sure that it never holds anything."""
    async with begin() as tx:
        released = await release_benefits(tx, caller, OrderId(body.order_id), UserId(caller.id))
    return ReleasedView(released=released)
