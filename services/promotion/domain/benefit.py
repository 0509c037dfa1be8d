"""Which coupons an order gets, and why the others do not count. Pure.

The answer depends on what is asked, never on the order in which it is asked: every list is sorted
by its own contents before anything is decided.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from services.promotion.domain.campaign import Plan, discount_of
from services.promotion.domain.coupon import CouponState
from shared.contracts.ids import CouponId, OfferingId
from shared.contracts.shapes import Funder
from shared.kit.money import Money


class SkipReason(StrEnum):
    """Why a coupon does not count for an order; clients translate it."""

    NOT_FOUND = "not_found"  # There is none, or it is somebody else's.
    HELD = "held_by_another_order"
    USED = "used"
    EXPIRED = "expired"
    OTHER_CURRENCY = "other_currency"
    OTHER_CATEGORY = "other_category"
    BELOW_MINIMUM = "below_minimum"
    NOT_FIRST_ORDER = "not_first_order"
    BUDGET_SPENT = "budget_spent"
    NOTHING_TO_TAKE_OFF = "nothing_to_take_off"
    ONE_PER_ORDER = "one_per_order"  # Another coupon takes off more, or ends sooner.


@dataclass(frozen=True, slots=True)
class Basket:
    """What benefits are reckoned on."""

    category: str
    offering_id: OfferingId
    list_price: Money


@dataclass(frozen=True, slots=True)
class Candidate:
    """A coupon that may count, with the plan it was given under."""

    coupon_id: CouponId
    code: str
    plan: Plan
    state: CouponState
    expires_at: datetime
    budget_left: Money


@dataclass(frozen=True, slots=True)
class Applied:
    """What one coupon takes off."""

    coupon_id: CouponId
    code: str
    amount: Money
    funder: Funder
    first_order_only: bool = False


@dataclass(frozen=True, slots=True)
class Skipped:
    """A coupon that does not count, and why."""

    coupon_id: CouponId
    code: str
    reason: SkipReason


@dataclass(frozen=True, slots=True)
class Choice:
    """The coupons that count for an order and those that do not; nothing is dropped silently."""

    applied: Sequence[Applied] = ()
    skipped: Sequence[Skipped] = ()


def choose(
    basket: Basket,
    candidates: Collection[Candidate],
    *,
    asked: Collection[UUID],
    is_first_order: bool,
    now: datetime,
) -> Choice:
    """The one coupon that takes off most, the sooner ending one first; all others with reasons."""
    known = {each.coupon_id: each for each in candidates}
    skipped = [Skipped(CouponId(id), "", SkipReason.NOT_FOUND) for id in {*asked} - {*known}]
    usable: list[tuple[int, datetime, CouponId]] = []
    for each in known.values():
        reason = _reason_against(each, basket, is_first_order, now)
        if reason is not None:
            skipped.append(Skipped(each.coupon_id, each.code, reason))
            continue
        amount = discount_of(each.plan, basket.list_price)
        usable.append((-amount.minor, each.expires_at, each.coupon_id))
    usable.sort()
    for *_, id in usable[1:]:
        skipped.append(Skipped(id, known[id].code, SkipReason.ONE_PER_ORDER))
    skipped.sort(key=lambda skip: skip.coupon_id)
    return Choice(tuple(_applied(known[id], basket) for *_, id in usable[:1]), tuple(skipped))


def _applied(best: Candidate, basket: Basket) -> Applied:
    amount = discount_of(best.plan, basket.list_price)
    plan = best.plan
    return Applied(best.coupon_id, best.code, amount, plan.funder, plan.first_order_only)


_BY_STATE = {
    CouponState.LOCKED: SkipReason.HELD,
    CouponState.REDEEMED: SkipReason.USED,
    CouponState.EXPIRED: SkipReason.EXPIRED,
}


def _reason_against(
    each: Candidate, basket: Basket, is_first_order: bool, now: datetime
) -> SkipReason | None:
    """The first thing that speaks against a coupon."""
    plan, price = each.plan, basket.list_price
    if each.state in _BY_STATE:
        return _BY_STATE[each.state]
    if each.expires_at <= now:
        return SkipReason.EXPIRED
    if plan.budget.currency is not price.currency:
        return SkipReason.OTHER_CURRENCY
    if plan.categories and basket.category not in plan.categories:
        return SkipReason.OTHER_CATEGORY
    if price < plan.minimum.money:
        return SkipReason.BELOW_MINIMUM
    if plan.first_order_only and not is_first_order:
        return SkipReason.NOT_FIRST_ORDER
    amount = discount_of(plan, price)
    if not amount:
        return SkipReason.NOTHING_TO_TAKE_OFF
    return SkipReason.BUDGET_SPENT if each.budget_left < amount else None
