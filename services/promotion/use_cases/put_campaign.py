"""Make or change a campaign."""

from services.promotion.domain.campaign import Plan, check_change, check_plan
from services.promotion.storage.campaigns import (
    Campaign,
    campaign_for_update,
    campaign_of,
    write_version,
)
from shared.kit.caller import Caller
from shared.kit.money import Money
from shared.kit.session import Transaction


async def put_campaign(tx: Transaction, caller: Caller, code: str, plan: Plan, reason: str) -> bool:
    """What staff put holds from now on; coupons that are given keep what they were given with.

    False if it was so already. Raises PlanInvalid.
    """
    campaign = await campaign_for_update(tx, code)

    check_plan(plan)
    if campaign is None:
        campaign = _new(code, plan)
        tx.add(campaign)
        await tx.session.flush()
    else:
        _, now_holds = await campaign_of(tx, code)
        if now_holds == plan:
            return False
        _change(campaign, plan)

    write_version(tx, caller, code, campaign.version, plan, reason)
    return True


def _new(code: str, plan: Plan) -> Campaign:
    return Campaign(
        code=code,
        version=1,
        claimable=plan.claimable,
        starts_at=plan.starts_at,
        ends_at=plan.ends_at,
        issue_limit=plan.issue_limit,
        remaining=plan.issue_limit,
        budget=plan.budget.money,
        budget_left=plan.budget.money,
    )


def _change(campaign: Campaign, plan: Plan) -> None:
    """What is given and spent stays so; the rest is what the new limits leave."""
    issued_count = campaign.issue_limit - campaign.remaining
    spent_minor = campaign.budget.minor - campaign.budget_left.minor
    currency = campaign.budget.currency
    check_change(plan, currency=currency, issued_count=issued_count, spent_minor=spent_minor)
    campaign.version += 1
    campaign.claimable = plan.claimable
    campaign.starts_at, campaign.ends_at = plan.starts_at, plan.ends_at
    campaign.issue_limit, campaign.remaining = plan.issue_limit, plan.issue_limit - issued_count
    campaign.budget = plan.budget.money
    campaign.budget_left = Money(plan.budget.minor - spent_minor, currency)
