"""Weekly hours on a ring of minutes, and days off."""

import itertools
from datetime import date, datetime, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.worker.domain.schedule import (
    HONG_KONG,
    ShiftInvalid,
    ShiftsOverlap,
    TimeOffInvalid,
    TimeOffMove,
    TimeOffState,
    check_shifts,
    check_time_off,
    each_day,
    first_instant,
    hong_kong_day,
    works_throughout,
)
from shared.contracts.worker import Shift
from shared.kit.caller import Role
from shared.kit.errors import Problem

MONDAY = datetime(2026, 3, 2, tzinfo=HONG_KONG)


def shift(weekday: int, starts: str, ends: str) -> Shift:
    return Shift(weekday=weekday, starts=starts, ends=ends)


def at(day: int, clock: str) -> datetime:
    hour, minute = clock.split(":")
    return MONDAY + timedelta(days=day, hours=int(hour), minutes=int(minute))


@pytest.mark.parametrize(
    ("move", "state", "role"), list(itertools.product(TimeOffMove, TimeOffState, Role))
)
def test_days_off_move_exactly_where_the_table_says(
    move: TimeOffMove, state: TimeOffState, role: Role
) -> None:
    taken = SimpleNamespace(state=state)
    if state in move.sources and role in move.allowed:
        move.apply(taken, by=role)
        assert taken.state == move.target
    else:
        with pytest.raises(Problem):
            move.apply(taken, by=role)
        assert taken.state == state


def test_days_off_are_the_worker_s_own() -> None:
    assert all(move.allowed == {Role.WORKER} for move in TimeOffMove)


@pytest.mark.parametrize(
    "shifts",
    [
        [shift(0, "09:00", "18:00"), shift(0, "17:59", "20:00")],
        [shift(0, "22:00", "06:00"), shift(1, "05:00", "09:00")],
        [shift(6, "22:00", "06:00"), shift(0, "05:59", "09:00")],
        [shift(0, "09:00", "09:00"), shift(1, "08:00", "10:00")],
        [shift(3, "09:00", "10:00"), shift(3, "09:00", "10:00")],
        [shift(2, "00:00", "00:00"), shift(2, "12:00", "13:00")],
    ],
)
def test_shifts_that_overlap_are_refused(shifts: list[Shift]) -> None:
    with pytest.raises(ShiftsOverlap) as refused:
        check_shifts(shifts)
    assert refused.value.facts["field"] == "shifts.1"


@pytest.mark.parametrize(
    "shifts",
    [
        [],
        [shift(0, "09:00", "12:00"), shift(0, "12:00", "18:00")],
        [shift(6, "22:00", "06:00"), shift(0, "06:00", "14:00")],
        [shift(day, "00:00", "00:00") for day in range(7)],
    ],
)
def test_shifts_that_touch_are_fine(shifts: list[Shift]) -> None:
    check_shifts(shifts)


@pytest.mark.parametrize("clock", ["24:00", "9:00", "09:60", "0900", "", "09:0０", "-1:00"])
def test_a_malformed_time_is_refused_with_its_field(clock: str) -> None:
    with pytest.raises(ShiftInvalid) as refused:
        check_shifts([shift(0, "09:00", clock)])
    assert refused.value.facts["field"] == "shifts.0.ends"


def test_a_weekday_is_one_of_seven() -> None:
    with pytest.raises(ShiftInvalid):
        check_shifts([shift(7, "09:00", "10:00")])


DAY_AND_NIGHT = [shift(0, "09:00", "18:00"), shift(1, "22:00", "06:00"), shift(2, "06:00", "08:00")]


@pytest.mark.parametrize(
    ("starts", "ends", "works"),
    [
        (at(0, "09:00"), at(0, "18:00"), True),
        (at(0, "08:59"), at(0, "10:00"), False),
        (at(0, "17:00"), at(0, "18:01"), False),
        (at(1, "22:00"), at(2, "06:00"), True),
        (at(1, "23:30"), at(2, "07:30"), True),  # Two shifts that touch.
        (at(2, "01:00"), at(2, "02:00"), True),  # After midnight, still Tuesday's night.
        (at(2, "07:00"), at(2, "08:30"), False),
        (at(5, "10:00"), at(5, "11:00"), False),
    ],
)
def test_a_job_fits_only_whole(starts: datetime, ends: datetime, works: bool) -> None:
    assert works_throughout(DAY_AND_NIGHT, (), starts, ends) is works


def test_a_job_that_runs_into_a_day_off_does_not_fit() -> None:
    always = [shift(day, "00:00", "00:00") for day in range(7)]
    off = [date(2026, 3, 3)]
    assert not works_throughout(always, off, at(0, "20:45"), at(1, "00:45"))
    assert not works_throughout(always, off, at(1, "08:45"), at(1, "12:45"))
    assert works_throughout(always, off, at(0, "20:00"), at(1, "00:00"))
    assert works_throughout(always, off, at(2, "00:00"), at(2, "04:00"))


def test_seconds_at_the_edge_of_a_shift_count() -> None:
    late = at(0, "18:00") + timedelta(seconds=1)
    assert not works_throughout(DAY_AND_NIGHT, (), at(0, "17:00"), late)
    assert works_throughout(DAY_AND_NIGHT, (), at(0, "17:00"), late - timedelta(seconds=2))


@settings(max_examples=200)
@given(
    st.lists(
        st.builds(
            shift,
            st.integers(0, 6),
            st.integers(0, 23).map(lambda hour: f"{hour:02d}:00"),
            st.integers(0, 23).map(lambda hour: f"{hour:02d}:30"),
        ),
        max_size=6,
    ),
    st.integers(0, 7 * 48),
    st.integers(1, 60),
)
def test_hours_agree_with_a_minute_by_minute_count(
    shifts: list[Shift], start: int, length: int
) -> None:
    starts = MONDAY + timedelta(minutes=30 * start)
    ends = starts + timedelta(minutes=30 * length)
    on_duty = set()
    for one in shifts:
        first = one.weekday * 48 + int(one.starts[:2]) * 2
        last = one.weekday * 48 + int(one.ends[:2]) * 2 + 1
        last += 48 if last <= first else 0
        on_duty |= {half % 336 for half in range(first, last)}
    whole = all((start + half) % 336 in on_duty for half in range(length))
    assert works_throughout(shifts, (), starts, ends) is whole


@pytest.mark.parametrize(
    ("first", "last", "field"), [(-1, 2, "first_on"), (3, 2, "last_on"), (1, 61, "last_on")]
)
def test_days_off_lie_ahead_in_order_and_are_not_too_long(
    first: int, last: int, field: str
) -> None:
    today = date(2026, 3, 2)
    with pytest.raises(TimeOffInvalid) as refused:
        check_time_off(today, today + timedelta(days=first), today + timedelta(days=last))
    assert refused.value.facts["field"] == field
    check_time_off(today, today, today + timedelta(days=59))
    with pytest.raises(TimeOffInvalid):
        check_time_off(today, today + timedelta(days=360), today + timedelta(days=367))


def test_a_day_is_one_of_hong_kong() -> None:
    assert hong_kong_day(first_instant(date(2026, 3, 2))) == date(2026, 3, 2)
    before = first_instant(date(2026, 3, 2)) - timedelta(microseconds=1)
    assert hong_kong_day(before) == date(2026, 3, 1)
    assert each_day(date(2026, 2, 28), date(2026, 3, 1)) == [date(2026, 2, 28), date(2026, 3, 1)]
