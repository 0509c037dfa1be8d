"""The credit score, by the published formula."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.worker.domain.credit import (
    FIRST_POINTS,
    ORDERS_MAX,
    WINDOW,
    Fact,
    FactKind,
    in_window,
    score_of,
    terms_of,
)

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def fact(order: int, kind: FactKind, value: int = 0, days_ago: float = 1) -> Fact:
    return Fact(UUID(int=order), kind, value, NOW - timedelta(days=days_ago))


def by_formula(done: int, broken: int, stars: list[int], late: list[int]) -> float:
    """The formula as published, in floats."""
    n = done + broken
    completion = (done + 0.95 * 10) / (n + 10)
    rating = (sum(stars) + 4.6 * 10) / (len(stars) + 10)
    on_time = (sum(s <= 600 for s in late) + 0.9 * 10) / (len(late) + 10)
    calm = 1 - min(1, 0.02 / 0.10)
    return 100 * (0.35 * completion + 0.35 * (rating - 1) / 4 + 0.20 * calm + 0.10 * on_time)


def test_a_worker_without_history_has_the_score_of_the_priors() -> None:
    assert terms_of([], NOW).points() == FIRST_POINTS == 8_975
    assert by_formula(0, 0, [], []) == pytest.approx(89.75)


@given(
    st.integers(0, 20),
    st.integers(0, 20),
    st.lists(st.integers(1, 5), max_size=10),
    st.lists(st.integers(-900, 3600), max_size=10),
)
def test_the_score_is_the_published_formula(
    done: int, broken: int, stars: list[int], late: list[int]
) -> None:
    kinds = [FactKind.COMPLETED] * done + [FactKind.BREACHED] * broken
    facts = [fact(n, kind) for n, kind in enumerate(kinds)]
    facts += [fact(n, FactKind.RATED, value) for n, value in enumerate(stars)]
    facts += [fact(n, FactKind.ARRIVED, value) for n, value in enumerate(late)]
    points = terms_of(facts, NOW).points()
    assert 0 <= points <= 10_000
    assert points / 100 == pytest.approx(by_formula(done, broken, stars, late), abs=0.0051)
    assert terms_of(reversed(facts), NOW).points() == score_of(facts, NOW).points == points


def test_good_work_raises_and_breach_lowers_the_score() -> None:
    good = [fact(1, FactKind.COMPLETED), fact(1, FactKind.RATED, 5), fact(1, FactKind.ARRIVED, 0)]
    assert terms_of(good, NOW).points() > FIRST_POINTS
    assert terms_of([fact(1, FactKind.BREACHED)], NOW).points() < FIRST_POINTS


def test_ten_minutes_late_is_on_time_and_a_second_more_is_not() -> None:
    assert terms_of([fact(1, FactKind.ARRIVED, 600)], NOW).on_time > 0.9
    assert terms_of([fact(1, FactKind.ARRIVED, 601)], NOW).on_time < 0.9


def test_only_ninety_days_count() -> None:
    old = Fact(UUID(int=1), FactKind.BREACHED, 0, NOW - WINDOW)
    young = Fact(UUID(int=2), FactKind.COMPLETED, 0, NOW - WINDOW + timedelta(seconds=1))
    assert in_window([old, young], NOW) == [young]
    assert score_of([old, young], NOW).lapses_at == NOW + timedelta(seconds=1)
    assert score_of([old], NOW).lapses_at is None


def test_only_the_last_fifty_orders_count() -> None:
    facts = [fact(n, FactKind.COMPLETED, days_ago=1 + n / 10) for n in range(60)]
    counted = in_window(facts, NOW)
    assert {f.order_id.int for f in counted} == set(range(ORDERS_MAX))


def test_a_late_review_brings_its_order_back() -> None:
    facts = [fact(n, FactKind.COMPLETED, days_ago=1 + n / 10) for n in range(60)]
    facts.append(fact(59, FactKind.RATED, 1, days_ago=0))
    assert {f.order_id.int for f in in_window(facts, NOW)} == {*range(ORDERS_MAX - 1), 59}


def test_what_lapsed_is_no_fact() -> None:
    assert in_window([fact(1, FactKind.LAPSED)], NOW) == []
