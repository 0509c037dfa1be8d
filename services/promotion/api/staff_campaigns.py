"""Staff's desk for campaigns: what coupons take off, their limits, and what they cost so far."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Query

from services.promotion.api.shapes import CodeCursor, CodePath, Limit, Reason, View
from services.promotion.domain.campaign import CampaignNotFound, Plan, PlanInvalid
from services.promotion.storage.campaigns import (
    Campaign,
    CampaignVersion,
    campaign_of,
    campaigns_from,
    versions_of,
)
from services.promotion.use_cases.put_campaign import put_campaign
from shared.kit.money import Money
from shared.kit.web import BeginDep, ReadDep, StaffCaller, problems

router = APIRouter(prefix="/staff/promotion/campaigns", tags=["staff"])


class CampaignRequest(Plan):
    """The whole campaign, and why it is so; your name is kept with it."""

    reason: Reason


class CampaignView(View):
    """A campaign as it stands, with what is given and spent against what was planned."""

    code: str
    version: int
    plan: Plan
    issued_count: int
    remaining: int
    spent: Money  # Held by orders being paid, or used by paid ones.
    budget_left: Money


class PutView(CampaignView):
    """The campaign after a PUT, and whether that changed anything."""

    changed: bool


class CampaignPage(View):
    """Campaigns by code; ``next_cursor`` asks for more."""

    items: list[CampaignView]
    next_cursor: str | None


class VersionView(View):
    """What was decided once, by whom and why."""

    version: int
    plan: Plan
    actor: UUID
    reason: str
    at: datetime


class VersionPage(View):
    """Decisions about a campaign, the newest first; ``next_cursor`` asks for more."""

    items: list[VersionView]
    next_cursor: int | None


_MONEY = {"minor": 30_000, "currency": "HKD"}
_PLAN: dict[str, Any] = {
    "names": {"zh-HK": "通渠減$80", "zh-CN": "通渠减$80", "en": "HK$80 off drains"},
    "kind": "amount_off",
    "value": 8_000,
    "minimum": _MONEY,
    "categories": ["pipes"],
    "funder": "platform",
    "claimable": True,
    "issue_limit": 2_000,
    "budget": {"minor": 16_000_000, "currency": "HKD"},
    "per_person": 1,
    "valid_days": 30,
    "starts_at": "2026-05-01T00:00:00+08:00",
    "ends_at": "2026-10-01T00:00:00+08:00",
}
_FIRST: dict[str, Any] = {
    **_PLAN,
    "names": {"zh-HK": "首單八折", "zh-CN": "首单八折", "en": "20% off your first order"},
    "kind": "percent_off",
    "value": 2_000,
    "max_discount": {"minor": 20_000, "currency": "HKD"},
    "categories": [],
    "first_order_only": True,
    "claimable": False,
}
_PUT = Body(
    openapi_examples={
        "dollars off, claimed by users": {
            "value": {**_PLAN, "reason": "Typhoon season: drains back up."}
        },
        "a share off the first order, in a pack": {
            "value": {**_FIRST, "reason": "Part of the welcome pack."}
        },
    }
)


def _view(campaign: Campaign, plan: Plan) -> CampaignView:
    return CampaignView(
        code=campaign.code,
        version=campaign.version,
        plan=plan,
        issued_count=campaign.issue_limit - campaign.remaining,
        remaining=campaign.remaining,
        spent=campaign.budget - campaign.budget_left,
        budget_left=campaign.budget_left,
    )


@router.put("/{code}", responses=problems(PlanInvalid))
async def put_one(
    code: CodePath, body: Annotated[CampaignRequest, _PUT], caller: StaffCaller, begin: BeginDep
) -> PutView:
    """Make a campaign, or change the whole of it.

    Coupons that users hold keep what they were given with: a change is for the next ones. Limit and
    budget may grow, and shrink down to what is given and spent. To stop a campaign, let `ends_at`
    be now. `value` is minor units (`amount_off`) or basis points (`percent_off`: 2000 is 20 %).
    """
    plan = Plan(**{name: getattr(body, name) for name in Plan.model_fields})
    async with begin() as tx:
        changed = await put_campaign(tx, caller, code, plan, body.reason)
        view = _view(*await campaign_of(tx, code))
    return PutView(**dict(view), changed=changed)


@router.get("")
async def get_campaigns(
    caller: StaffCaller, read: ReadDep, cursor: CodeCursor = "", limit: Limit = 20
) -> CampaignPage:
    """Every campaign, also those that are over, with what it gave and cost so far."""
    async with read() as tx:
        rows = await campaigns_from(tx, cursor, limit)
    items = [_view(campaign, plan) for campaign, plan in rows]
    return CampaignPage(items=items, next_cursor=items[-1].code if len(items) == limit else None)


@router.get("/{code}", responses=problems(CampaignNotFound))
async def get_one(code: CodePath, caller: StaffCaller, read: ReadDep) -> CampaignView:
    """One campaign: planned against given and spent."""
    async with read() as tx:
        campaign, plan = await campaign_of(tx, code)
    return _view(campaign, plan)


@router.get("/{code}/versions", responses=problems(CampaignNotFound))
async def get_versions(
    code: CodePath,
    caller: StaffCaller,
    read: ReadDep,
    cursor: Annotated[int | None, Query(ge=1, le=2**31)] = None,
    limit: Limit = 20,
) -> VersionPage:
    """Who decided what about a campaign, and why."""
    async with read() as tx:
        await campaign_of(tx, code)
        rows: list[CampaignVersion] = list(await versions_of(tx, code, cursor, limit))
    items = [VersionView.model_validate(row) for row in rows]
    return VersionPage(items=items, next_cursor=items[-1].version if len(items) == limit else None)
