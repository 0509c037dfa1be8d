"""The campaigns that users can claim coupons of."""

from datetime import datetime

from fastapi import APIRouter

from services.promotion.api.shapes import AcceptLanguage, CodeCursor, Limit, View
from services.promotion.domain.campaign import Kind, Plan
from services.promotion.storage.campaigns import Campaign, campaigns_from
from shared.kit.money import Money
from shared.kit.web import ReadDep, UserCaller
from shared.locales import locale_asked

router = APIRouter(prefix="/promotions", tags=["coupons"])


class PromotionView(View):
    """A campaign as users see it; `value` reads as in a coupon."""

    code: str
    name: str
    kind: Kind
    value: int
    minimum: Money
    max_discount: Money | None
    categories: list[str]
    first_order_only: bool
    per_person: int
    valid_days: int
    ends_at: datetime


class PromotionPage(View):
    """Campaigns by code; ``next_cursor`` asks for more."""

    items: list[PromotionView]
    next_cursor: str | None


def _view(campaign: Campaign, plan: Plan, language: str) -> PromotionView:
    most = plan.max_discount
    return PromotionView(
        code=campaign.code,
        name=plan.names[locale_asked(language)],
        kind=plan.kind,
        value=plan.value,
        minimum=plan.minimum.money,
        max_discount=None if most is None else most.money,
        categories=plan.categories,
        first_order_only=plan.first_order_only,
        per_person=plan.per_person,
        valid_days=plan.valid_days,
        ends_at=campaign.ends_at,
    )


@router.get("")
async def get_promotions(
    caller: UserCaller,
    read: ReadDep,
    accept_language: AcceptLanguage = "",
    cursor: CodeCursor = "",
    limit: Limit = 20,
) -> PromotionPage:
    """Campaigns that still have coupons to claim at this moment."""
    async with read() as tx:
        rows = await campaigns_from(tx, cursor, limit, open_at=tx.now)
    items = [_view(campaign, plan, accept_language) for campaign, plan in rows]
    return PromotionPage(items=items, next_cursor=items[-1].code if len(items) == limit else None)
