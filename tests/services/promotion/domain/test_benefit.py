"""Which coupons count: the best one, whatever the order in which they are named."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.promotion.domain.benefit import Basket, Candidate, Choice, SkipReason, choose
from services.promotion.domain.coupon import CouponState
from shared.contracts.ids import CouponId, OfferingId
from shared.kit.money import Currency, Money
from tests.services.promotion.domain.test_campaign import planned
from tests.services.promotion.given import hkd, sum_of

NOW = datetime(2026, 5, 1, tzinfo=UTC)
BASKET = Basket("cleaning", OfferingId(UUID(int=7)), hkd(80_000))


def candidate(number: int = 1, **changes: Any) -> Candidate:
    facts: dict[str, Any] = {
        "state": CouponState.ISSUED,
        "expires_at": NOW + timedelta(days=9),
        "budget_left": hkd(1_000_000),
    }
    own = {name: changes.pop(name) for name in facts.keys() & changes.keys()}
    id = CouponId(UUID(int=number))
    return Candidate(coupon_id=id, code=f"c{number}", plan=planned(**changes), **(facts | own))


def chosen(*candidates: Candidate, basket: Basket = BASKET, first: bool = True) -> Choice:
    asked = [each.coupon_id for each in candidates]
    return choose(basket, candidates, asked=asked, is_first_order=first, now=NOW)


def test_the_coupon_that_takes_off_most_counts() -> None:
    small, large = candidate(1, value=1_000), candidate(2, value=2_000)
    choice = chosen(small, large)
    assert [(each.coupon_id, each.amount) for each in choice.applied] == [
        (large.coupon_id, hkd(2_000))
    ]
    assert [(each.code, each.reason) for each in choice.skipped] == [
        ("c1", SkipReason.ONE_PER_ORDER)
    ]


def test_of_two_alike_the_one_that_ends_sooner_counts() -> None:
    later = candidate(1)
    sooner = candidate(2, expires_at=NOW + timedelta(days=1))
    assert [each.coupon_id for each in chosen(later, sooner).applied] == [sooner.coupon_id]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"state": CouponState.LOCKED}, SkipReason.HELD),
        ({"state": CouponState.REDEEMED}, SkipReason.USED),
        ({"state": CouponState.EXPIRED}, SkipReason.EXPIRED),
        ({"expires_at": NOW}, SkipReason.EXPIRED),
        ({"categories": ["towing"]}, SkipReason.OTHER_CATEGORY),
        ({"minimum": sum_of(80_001)}, SkipReason.BELOW_MINIMUM),
        ({"budget_left": hkd(4_999)}, SkipReason.BUDGET_SPENT),
        ({"kind": "percent_off", "max_discount": sum_of(0)}, SkipReason.NOTHING_TO_TAKE_OFF),
        (
            {"budget": sum_of(9_999, "CNY"), "minimum": sum_of(0, "CNY")},
            SkipReason.OTHER_CURRENCY,
        ),
    ],
)
def test_a_coupon_that_does_not_count_says_why(changes: dict[str, Any], reason: str) -> None:
    choice = chosen(candidate(**changes))
    assert choice.applied == ()
    assert [each.reason for each in choice.skipped] == [reason]


@pytest.mark.parametrize(
    "changes",
    [
        {"state": CouponState.RETURNED},
        {"expires_at": NOW + timedelta(seconds=1)},
        {"categories": ["cleaning", "towing"]},
        {"minimum": sum_of(80_000)},
        {"budget_left": hkd(5_000)},
        {"first_order_only": True},
    ],
)
def test_a_coupon_at_its_border_counts(changes: dict[str, Any]) -> None:
    assert len(chosen(candidate(**changes)).applied) == 1


def test_a_first_order_coupon_counts_for_the_first_order_only() -> None:
    choice = chosen(candidate(first_order_only=True), first=False)
    assert [each.reason for each in choice.skipped] == [SkipReason.NOT_FIRST_ORDER]


@st.composite
def wallets(draw: st.DrawFn) -> list[Candidate]:
    made = []
    for number in range(1, draw(st.integers(1, 6)) + 1):
        made.append(
            candidate(
                number,
                kind=draw(st.sampled_from(["amount_off", "percent_off"])),
                value=draw(st.integers(1, 10_000)),
                minimum=sum_of(draw(st.sampled_from([0, 50_000, 90_000]))),
                categories=draw(st.sampled_from([[], ["cleaning"], ["towing"]])),
                first_order_only=draw(st.booleans()),
                state=draw(st.sampled_from(CouponState)),
                expires_at=NOW + timedelta(days=draw(st.integers(-2, 3))),
                budget_left=hkd(draw(st.sampled_from([0, 5_000, 1_000_000]))),
            )
        )
    return made


@given(
    wallets().flatmap(lambda wallet: st.tuples(st.just(wallet), st.permutations(wallet))),
    st.integers(0, 200_000),
    st.booleans(),
)
def test_the_order_of_input_changes_nothing_and_nothing_is_dropped(
    orders: tuple[list[Candidate], list[Candidate]], price: int, first: bool
) -> None:
    wallet, shuffled = orders
    basket = Basket("cleaning", OfferingId(UUID(int=7)), Money(price, Currency.HKD))
    choice = chosen(*wallet, basket=basket, first=first)

    assert choice == chosen(*shuffled, *shuffled, basket=basket, first=first)
    assert len(choice.applied) <= 1
    assert all(0 < each.amount.minor <= price for each in choice.applied)
    answered = [each.coupon_id for each in choice.applied]
    answered += [each.coupon_id for each in choice.skipped]
    assert sorted(answered) == [each.coupon_id for each in wallet]


@given(wallets())
def test_no_other_choice_would_take_off_more(wallet: list[Candidate]) -> None:
    best = max((each.amount for each in chosen(*wallet).applied), default=hkd(0))
    alone = [each.amount for one in wallet for each in chosen(one).applied]
    assert best == max(alone, default=hkd(0))
