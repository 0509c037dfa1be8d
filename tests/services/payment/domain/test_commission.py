"""The commission is 10 to 20 % of its base, by marginal brackets, rounded once."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.payment.domain.commission import (
    Bracket,
    BracketsInvalid,
    checked,
    commission_on,
)
from tests.services.payment.world import hkd

REPAIR = [Bracket(100_000, 1_800), Bracket(500_000, 1_500), Bracket(None, 1_200)]
amounts = st.integers(0, 10**9)
rates = st.integers(0, 4_000)  # Beyond what staff may set: the clamp must hold by itself.


@pytest.mark.parametrize(
    ("base", "commission"),
    [(0, 0), (100_000, 18_000), (200_000, 33_000), (500_000, 78_000), (1_000_000, 138_000)],
)
def test_repair_pays_marginal_rates(base: int, commission: int) -> None:
    assert commission_on(hkd(base), REPAIR) == hkd(commission)


@given(base=amounts, low=rates, high=rates, end=st.integers(1, 10**9))
def test_the_effective_rate_is_10_to_20_percent(base: int, low: int, high: int, end: int) -> None:
    kept = commission_on(hkd(base), [Bracket(end, low), Bracket(None, high)]).minor
    assert Fraction(base, 10) - Fraction(1, 2) <= kept <= Fraction(base, 5) + Fraction(1, 2)


@given(base=amounts, rate=st.integers(1_000, 2_000))
def test_one_rate_is_the_share_of_the_base_half_even(base: int, rate: int) -> None:
    assert commission_on(hkd(base), [Bracket(None, rate)]) == hkd(base).share(rate)


@given(base=amounts, more=st.integers(0, 10**6))
def test_a_larger_base_never_pays_less(base: int, more: int) -> None:
    assert commission_on(hkd(base), REPAIR) <= commission_on(hkd(base + more), REPAIR)


@pytest.mark.parametrize(
    "brackets",
    [
        [],
        [Bracket(5, 1_500)],
        [Bracket(None, 1_500), Bracket(None, 1_500)],
        [Bracket(9, 1_500), Bracket(9, 1_500), Bracket(None, 1_500)],
        [Bracket(None, 999)],
        [Bracket(None, 2_001)],
    ],
)
def test_brackets_that_make_no_rule_are_refused(brackets: list[Bracket]) -> None:
    with pytest.raises(BracketsInvalid):
        checked(brackets)
