"""Working hours in Hong Kong time."""

from datetime import date, datetime, timedelta

import pytest

from services.dispatch.domain.hours import HONG_KONG, Interval, works_throughout
from shared.contracts.worker import Shift

MONDAY = date(2026, 11, 2)
DAYTIME = [Shift(weekday=day, starts="09:00", ends="18:00") for day in range(5)]
NIGHT = [Shift(weekday=day, starts="22:00", ends="06:00") for day in range(5)]
ALWAYS = [Shift(weekday=day, starts="00:00", ends="00:00") for day in range(7)]


def between(starts: str, ends: str, days: int = 0) -> Interval:
    """From Monday at some time to another, that day or some days later."""
    begins = datetime.fromisoformat(f"{MONDAY}T{starts}").replace(tzinfo=HONG_KONG)
    over = datetime.fromisoformat(f"{MONDAY}T{ends}").replace(tzinfo=HONG_KONG)
    return Interval(begins, over + timedelta(days=days))


@pytest.mark.parametrize(
    ("shifts", "asked", "works"),
    [
        (DAYTIME, between("09:00", "18:00"), True),
        (DAYTIME, between("08:59", "12:00"), False),
        (DAYTIME, between("12:00", "18:01"), False),
        (DAYTIME, between("12:00", "12:30", days=1), False),
        (NIGHT, between("23:00", "05:00", days=1), True),
        (NIGHT, between("23:00", "06:01", days=1), False),
        (NIGHT, between("01:00", "02:00"), False),  # Sunday night is not worked.
        (NIGHT, between("21:00", "23:00"), False),
        (ALWAYS, between("20:00", "04:00", days=2), True),
        ([], between("09:00", "10:00"), False),
    ],
)
def test_the_whole_interval_must_lie_within_shifts(
    shifts: list[Shift], asked: Interval, works: bool
) -> None:
    assert works_throughout(shifts, [], asked) is works


def test_a_job_whose_start_has_passed_begins_now_and_lasts_as_long() -> None:
    planned = between("10:00", "11:00")
    now = between("12:45", "13:45")
    assert planned.not_before(now.starts_at) == now
    assert planned.not_before(planned.starts_at) == planned
    assert now.not_before(planned.starts_at) == now


def test_shifts_that_meet_are_one() -> None:
    split = [
        Shift(weekday=0, starts="09:00", ends="13:00"),
        Shift(weekday=0, starts="13:00", ends="18:00"),
    ]
    lunch = [split[0], Shift(weekday=0, starts="14:00", ends="18:00")]
    assert works_throughout(split, [], between("10:00", "17:00"))
    assert not works_throughout(lunch, [], between("10:00", "17:00"))


def test_a_day_off_counts_when_any_part_of_the_job_touches_it() -> None:
    tuesday = [MONDAY + timedelta(days=1)]
    assert not works_throughout(ALWAYS, tuesday, between("22:00", "01:00", days=1))
    assert works_throughout(ALWAYS, tuesday, between("22:00", "00:00", days=1))
    assert works_throughout(ALWAYS, [MONDAY + timedelta(days=2)], between("22:00", "23:00"))


def test_a_job_that_only_starts_before_time_off_is_refused() -> None:
    """OCA field-service 1382 looked at the start alone: 08:45 and 4 h fitted before 09:00 off."""
    morning = [Shift(weekday=0, starts="06:00", ends="09:00")]
    assert not works_throughout(morning, [], between("08:45", "12:45"))
    assert works_throughout(morning, [], between("08:45", "09:00"))
