"""How soon, and for how long a search goes on."""

from datetime import UTC, datetime, timedelta

import pytest

from services.dispatch.domain.search import AGAIN_SECONDS
from services.order.domain.deadlines import search_again_until, search_until, urgency_of
from services.order.domain.refusals import StartInvalid
from shared.contracts.shapes import Urgency

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)  # Hong Kong's noon.
HOUR = timedelta(hours=1)


def test_only_a_rescue_may_start_at_once() -> None:
    assert urgency_of(True, None, NOON) is Urgency.RESCUE
    with pytest.raises(StartInvalid):
        urgency_of(False, None, NOON)


def test_the_same_day_is_the_same_day_in_hong_kong() -> None:
    assert urgency_of(False, NOON + 11 * HOUR, NOON) is Urgency.SAME_DAY
    assert urgency_of(False, NOON + 13 * HOUR, NOON) is Urgency.SCHEDULED


@pytest.mark.parametrize("starts_at", [NOON - HOUR, NOON + timedelta(days=91)])
def test_a_start_in_the_past_or_far_away_is_refused(starts_at: datetime) -> None:
    with pytest.raises(StartInvalid):
        urgency_of(True, starts_at, NOON)


def test_a_search_lasts_as_long_as_its_urgency_allows() -> None:
    minutes = timedelta(minutes=1)
    tomorrow = NOON + 24 * HOUR
    assert search_until(Urgency.RESCUE, NOON, NOON) == NOON + 10 * minutes
    assert search_until(Urgency.SAME_DAY, NOON + 3 * HOUR, NOON) == NOON + 60 * minutes
    assert search_until(Urgency.SCHEDULED, tomorrow, NOON) == tomorrow - 2 * HOUR


def test_a_scheduled_start_that_came_close_still_gets_a_search() -> None:
    assert search_until(Urgency.SCHEDULED, NOON + HOUR, NOON) == NOON + timedelta(minutes=10)


@pytest.mark.parametrize("urgency", Urgency)
def test_a_search_that_begins_again_lasts_as_long_as_dispatch_searches(urgency: Urgency) -> None:
    again = NOON + timedelta(seconds=AGAIN_SECONDS[urgency])
    assert search_again_until(urgency, None, NOON) == again
    assert search_again_until(urgency, NOON - HOUR, NOON) == again
    assert search_again_until(urgency, NOON + 9 * HOUR, NOON) == NOON + 9 * HOUR
