"""Claim a coupon of a campaign."""

from services.promotion.domain.campaign import (
    CampaignExhausted,
    CampaignNotFound,
    CampaignNotOpen,
    CouponLimitReached,
)
from services.promotion.storage.campaigns import campaign_of
from services.promotion.storage.coupons import Coupon, NotGiven, give_coupon
from shared.contracts.ids import UserId
from shared.kit.caller import Caller
from shared.kit.session import Transaction


async def claim_coupon(tx: Transaction, caller: Caller, code: str) -> Coupon:
    """A user takes one coupon of a campaign that is open to all, while there are any.

    Raises CampaignNotFound, CampaignNotOpen, CampaignExhausted, CouponLimitReached.
    """
    campaign, plan = await campaign_of(tx, code)

    if not campaign.claimable:  # It comes in packs; who may not claim it need not know it.
        raise CampaignNotFound(f"No campaign {code}.", code=code)
    if not campaign.starts_at <= tx.now < campaign.ends_at:
        raise CampaignNotOpen(starts_at=plan.starts_at, ends_at=plan.ends_at)

    given = await give_coupon(tx, UserId(caller.id), code)
    if given is NotGiven.EXHAUSTED:
        raise CampaignExhausted(f"No coupon of {code} is left.", code=code)
    if given is NotGiven.LIMIT_REACHED:
        raise CouponLimitReached(code=code, per_person=plan.per_person)
    assert isinstance(given, Coupon)
    return given
