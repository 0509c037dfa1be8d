"""What a coupon takes off, and which campaigns contradict themselves."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.promotion.domain.campaign import (
    MINOR_MAX,
    Kind,
    Plan,
    PlanInvalid,
    check_change,
    check_plan,
    discount_of,
)
from shared.kit.money import Currency
from tests.services.promotion.given import hkd, plan, sum_of


def planned(**changes: Any) -> Plan:
    body = plan(**changes)
    del body["reason"]
    return Plan.model_validate(body)


@pytest.mark.parametrize(
    ("changes", "list_price", "discount"),
    [
        ({"value": 5_000}, 80_000, 5_000),
        ({"value": 5_000}, 3_000, 3_000),
        ({"kind": "percent_off", "value": 2_000}, 80_000, 16_000),
        ({"kind": "percent_off", "value": 2_000, "max_discount": sum_of(9_000)}, 80_000, 9_000),
        ({"kind": "percent_off", "value": 10_000}, 80_000, 80_000),
        ({"kind": "percent_off", "value": 50}, 100, 0),  # Half a cent, half-even.
        ({"kind": "percent_off", "value": 150}, 100, 2),
    ],
)
def test_a_coupon_takes_off_what_its_plan_says(
    changes: dict[str, Any], list_price: int, discount: int
) -> None:
    assert discount_of(planned(**changes), hkd(list_price)) == hkd(discount)


@given(
    kind=st.sampled_from(Kind),
    value=st.integers(1, 10_000),
    most=st.none() | st.integers(0, MINOR_MAX),
    price=st.integers(0, MINOR_MAX),
)
def test_a_discount_is_never_negative_nor_more_than_the_price_or_the_cap(
    kind: Kind, value: int, most: int | None, price: int
) -> None:
    cap = None if most is None else sum_of(most)
    discount = discount_of(planned(kind=kind, value=value, max_discount=cap), hkd(price))
    assert 0 <= discount.minor <= min(price, price if most is None else most)


def test_the_order_of_categories_does_not_make_another_plan() -> None:
    same = plan()
    one = planned(**same, categories=["towing", "cleaning", "towing"])
    two = planned(**same, categories=["cleaning", "towing"])
    assert one == two


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "percent_off", "value": 10_001}, "value"),
        ({"ends_at": plan()["starts_at"], "starts_at": plan()["ends_at"]}, "ends_at"),
        ({"minimum": sum_of(0, "CNY")}, "minimum.currency"),
        ({"max_discount": sum_of(0, "CNY")}, "max_discount.currency"),
    ],
)
def test_a_plan_that_contradicts_itself_is_refused_by_field(
    changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(PlanInvalid) as refused:
        check_plan(planned(**changes))
    assert refused.value.facts["field"] == field


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"budget": sum_of(1_000_000, "CNY")}, "budget.currency"),
        ({"issue_limit": 9}, "issue_limit"),
        ({"budget": sum_of(49_999)}, "budget"),
    ],
)
def test_a_change_takes_nothing_back(changes: dict[str, Any], field: str) -> None:
    now = {"currency": Currency.HKD, "issued_count": 10, "spent_minor": 50_000}
    check_change(planned(issue_limit=10, budget=sum_of(50_000)), **now)  # type: ignore[arg-type]
    with pytest.raises(PlanInvalid) as refused:
        check_change(planned(**changes), **now)  # type: ignore[arg-type]
    assert refused.value.facts["field"] == field


@pytest.mark.parametrize(
    "changes",
    [
        {"names": {"en": "only one"}},
        {"value": 0},
        {"value": True},
        {"per_person": 0},
        {"valid_days": 0},
        {"issue_limit": -1},
        {"categories": ["Cleaning!"]},
        {"claimable": "yes"},
        {"starts_at": "2026-01-01T00:00:00"},
    ],
)
def test_a_plan_out_of_shape_is_none(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        planned(**changes)
