"""The life of a search, the whole table, and its figures."""

import itertools
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from services.dispatch.domain.search import SearchMove, SearchRules, SearchState
from shared.contracts.shapes import Urgency
from shared.kit.caller import Role
from shared.kit.errors import Problem

NOW = datetime(2026, 11, 2, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("move", "state", "role"), list(itertools.product(SearchMove, SearchState, Role))
)
def test_a_move_happens_exactly_where_the_table_says(
    move: SearchMove, state: SearchState, role: Role
) -> None:
    search = SimpleNamespace(state=state)
    if state in move.sources and role in move.allowed:
        move.apply(search, by=role)
        assert search.state == move.target
    else:
        with pytest.raises(Problem):
            move.apply(search, by=role)
        assert search.state == state


def test_a_closed_search_stays_closed() -> None:
    assert all(SearchState.CLOSED not in move.sources for move in SearchMove)


@pytest.mark.parametrize(
    ("urgency", "seconds"),
    [(Urgency.RESCUE, 15), (Urgency.SAME_DAY, 60), (Urgency.SCHEDULED, 600)],
)
def test_the_more_urgent_a_job_the_shorter_its_offers(urgency: Urgency, seconds: int) -> None:
    assert SearchRules().expires_at(urgency, NOW) == NOW + timedelta(seconds=seconds)


def test_after_the_deadline_the_search_slows_to_once_a_minute() -> None:
    rules = SearchRules()
    assert rules.again_at(Urgency.RESCUE, False, NOW) == NOW + timedelta(seconds=3)
    assert rules.again_at(Urgency.RESCUE, True, NOW) == NOW + timedelta(seconds=60)


@pytest.mark.parametrize(
    ("eta", "starts_in", "longest"),
    [
        (0, 0, 600),
        (251, -30, 977),  # One and a half times the way, ten minutes more.
        (400, 1_199, 1_200),
        (400, 90_000, 90_000),  # Until the start.
    ],
)
def test_a_promise_reaches_to_the_start_or_a_fair_way_from_now(
    eta: int, starts_in: int, longest: int
) -> None:
    starts_at = NOW + timedelta(seconds=starts_in)
    assert SearchRules().promise_max_seconds(eta, starts_at, NOW) == longest
