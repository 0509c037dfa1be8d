"""When a position was measured."""

from datetime import UTC, datetime, timedelta

import pytest

from services.dispatch.domain.presence import PositionFromTheFuture, measured_at

NOW = datetime(2026, 11, 2, 1, tzinfo=UTC)


def test_without_a_time_it_is_now() -> None:
    assert measured_at(None, NOW) == NOW


def test_an_earlier_time_stands() -> None:
    assert measured_at(NOW - timedelta(minutes=9), NOW) == NOW - timedelta(minutes=9)


def test_a_phone_slightly_ahead_is_taken_at_our_time() -> None:
    assert measured_at(NOW + timedelta(seconds=30), NOW) == NOW


def test_a_phone_far_ahead_is_refused() -> None:
    with pytest.raises(PositionFromTheFuture):
        measured_at(NOW + timedelta(minutes=2), NOW)
