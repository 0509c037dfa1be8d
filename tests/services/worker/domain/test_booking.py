"""Slots: their states, the ways there and back, and what is left when a job ends."""

import itertools
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from services.worker.domain.booking import (
    BookingMove,
    BookingState,
    IntervalInvalid,
    Slot,
    ended_slot,
    slot_of,
)
from shared.kit.caller import Role
from shared.kit.errors import Problem

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
QUARTER = timedelta(minutes=15)


@pytest.mark.parametrize(
    ("move", "state", "role"), list(itertools.product(BookingMove, BookingState, Role))
)
def test_a_booking_moves_exactly_where_the_table_says(
    move: BookingMove, state: BookingState, role: Role
) -> None:
    booking = SimpleNamespace(state=state)
    if state in move.sources and role in move.allowed:
        move.apply(booking, by=role)
        assert booking.state == move.target
    else:
        with pytest.raises(Problem):
            move.apply(booking, by=role)
        assert booking.state == state


def test_a_slot_holds_the_ways_there_and_back() -> None:
    two = NOON + timedelta(hours=2)
    assert slot_of(NOON, two, 900) == Slot(NOON - QUARTER, two + QUARTER)


@pytest.mark.parametrize("length", [timedelta(0), timedelta(hours=-1), timedelta(days=32)])
def test_an_impossible_interval_is_refused(length: timedelta) -> None:
    with pytest.raises(IntervalInvalid):
        slot_of(NOON, NOON + length, 900)


SLOT = Slot(NOON - QUARTER, NOON + timedelta(hours=2) + QUARTER)


def test_a_job_that_ends_early_frees_the_rest() -> None:
    ended = ended_slot(SLOT, NOON + timedelta(hours=1), 900, None)
    assert ended == Slot(SLOT.starts_at, NOON + timedelta(hours=1) + QUARTER)


def test_a_job_that_runs_over_takes_what_is_free() -> None:
    late = NOON + timedelta(hours=3)
    assert ended_slot(SLOT, late, 900, None) == Slot(SLOT.starts_at, late + QUARTER)
    next_at = SLOT.ends_at + timedelta(minutes=5)
    assert ended_slot(SLOT, late, 900, next_at) == Slot(SLOT.starts_at, next_at)


def test_a_job_that_ended_before_its_slot_leaves_nothing_taken() -> None:
    assert ended_slot(SLOT, SLOT.starts_at - QUARTER, 900, None) is None
