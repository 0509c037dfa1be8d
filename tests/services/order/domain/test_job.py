"""The crew sees the door while the job is theirs, and a day longer."""

from datetime import UTC, datetime, timedelta

import pytest

from services.order.domain.job import ON_DUTY, SHOWN_SECONDS, is_open_to_crew
from services.order.domain.order import OrderState

ENDED = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("state", OrderState)
def test_without_an_end_only_the_states_on_duty_show_it(state: OrderState) -> None:
    assert is_open_to_crew(state, None, ENDED) == (state in ON_DUTY)


@pytest.mark.parametrize(("seconds", "shown"), [(0, True), (-1, True), (1, False), (None, True)])
def test_it_closes_a_day_after_the_end(seconds: int | None, shown: bool) -> None:
    late = timedelta(seconds=SHOWN_SECONDS + (seconds or 0))
    now = ENDED + (late if seconds != 0 else late - timedelta(microseconds=1))
    if seconds is None:
        now = ENDED
    assert is_open_to_crew(OrderState.PENDING_REVIEW, ENDED, now) == shown
