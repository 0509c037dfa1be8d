"""A campaign: what its coupons take off, for whom, how many there are and what they may cost. Pure.

The same shape serves what staff put, what each version keeps, and what discounts are reckoned from.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StringConstraints,
)

from shared.contracts.shapes import Funder
from shared.kit.errors import Conflict, Invalid, NotFound
from shared.kit.money import BPS, Currency, Money
from shared.locales import Locale
from shared.texts import Printable

MINOR_MAX = 100_000_000_000  # A billion dollars; more is a slip of the keyboard.
COUPONS_MAX = 10_000_000
PER_PERSON_MAX = 100
VALID_DAYS_MAX = 1_100  # Three years; a promise for longer is not one.
CATEGORIES_MAX = 40


class CampaignNotFound(NotFound):
    """There is no such campaign."""


class CampaignNotOpen(Conflict):
    """The campaign gives no coupons at this time."""


class CampaignExhausted(Conflict):
    """Every coupon of this campaign is given, or its budget is spent."""


class CouponLimitReached(Conflict):
    """You have as many coupons of this campaign as one person may get."""


class PlanInvalid(Invalid):
    """The campaign breaks a rule; ``field`` and ``reason`` say which."""


class Kind(StrEnum):
    """How a coupon takes off."""

    AMOUNT_OFF = "amount_off"  # ``value`` is an amount in minor units.
    PERCENT_OFF = "percent_off"  # ``value`` is a share in basis points.


def _in_all_languages(words: dict[Locale, str]) -> dict[Locale, str]:
    missing = [locale.value for locale in Locale if locale not in words]
    if missing:
        raise ValueError(f"lacks {', '.join(missing)}")
    return words


def _sorted(codes: list[str]) -> list[str]:
    return sorted(set(codes))


CampaignCode = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{1,39}$")]
Category = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,39}$")]
_Name = Annotated[Printable, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
Words = Annotated[dict[Locale, _Name], AfterValidator(_in_all_languages)]


class Sum(BaseModel):
    """An amount as it is put and kept: not negative, minor units, strict."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    minor: StrictInt = Field(ge=0, le=MINOR_MAX)
    currency: Currency

    @property
    def money(self) -> Money:
        return Money(self.minor, self.currency)


class Plan(BaseModel):
    """Everything staff decide about a campaign."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    names: Words  # What users read.
    kind: Kind
    value: StrictInt = Field(ge=1, le=MINOR_MAX)  # Minor units, or basis points of the list price.
    minimum: Sum  # The list price from which on a coupon counts.
    max_discount: Sum | None = None  # The most that a share may come to.
    categories: Annotated[
        list[Category], Field(max_length=CATEGORIES_MAX), AfterValidator(_sorted)
    ] = []  # None named: all.
    funder: Funder
    first_order_only: StrictBool = False
    claimable: StrictBool = False  # Users may take one themselves; otherwise it comes in packs.
    issue_limit: StrictInt = Field(ge=0, le=COUPONS_MAX)
    budget: Sum  # What all of its coupons together may take off.
    per_person: StrictInt = Field(default=1, ge=1, le=PER_PERSON_MAX)
    valid_days: StrictInt = Field(ge=1, le=VALID_DAYS_MAX)  # From the day a coupon is given.
    starts_at: AwareDatetime  # Coupons are given from then on,
    ends_at: AwareDatetime  # and until then.


def check_plan(plan: Plan) -> None:
    """Refuse what contradicts itself. Raises PlanInvalid."""
    if plan.kind is Kind.PERCENT_OFF and plan.value > BPS:
        raise PlanInvalid(field="value", reason=f"more than {BPS} basis points")
    if plan.ends_at <= plan.starts_at:
        raise PlanInvalid(field="ends_at", reason="not after starts_at")
    sums = {"minimum": plan.minimum, "max_discount": plan.max_discount}
    for field, sum in sums.items():
        if sum is not None and sum.currency is not plan.budget.currency:
            raise PlanInvalid(field=f"{field}.currency", reason="not that of the budget")


def check_change(plan: Plan, *, currency: Currency, issued_count: int, spent_minor: int) -> None:
    """Refuse a change that would take back what was given. Raises PlanInvalid."""
    if plan.budget.currency is not currency:
        raise PlanInvalid(field="budget.currency", reason=f"the campaign began in {currency}")
    if plan.issue_limit < issued_count:
        raise PlanInvalid(field="issue_limit", reason=f"{issued_count} coupons are given already")
    if plan.budget.minor < spent_minor:
        raise PlanInvalid(field="budget", reason=f"{spent_minor} are spent or held already")


def discount_of(plan: Plan, list_price: Money) -> Money:
    """What a coupon takes off a list price of its currency: never more than there is."""
    if plan.kind is Kind.AMOUNT_OFF:
        discount = Money(plan.value, plan.budget.currency)
    else:
        discount = list_price.share(plan.value)
    if plan.max_discount is not None:
        discount = min(discount, plan.max_discount.money)
    return min(discount, list_price)
