"""Weekly hours and days off, by the Hong Kong wall clock. Pure.

A week is a ring of minutes; a shift that ends at or before its start ends on the next day, so
Sunday's night shift runs into Monday.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

from shared.kit.caller import Role
from shared.kit.errors import Conflict, Invalid, NotFound
from shared.kit.states import Move

HONG_KONG = ZoneInfo("Asia/Hong_Kong")
DAY_MINUTES = 24 * 60
WEEK_MINUTES = 7 * DAY_MINUTES
SHIFTS_MAX = 28
TIME_OFF_DAYS_MAX = 60
TIME_OFF_AHEAD_DAYS_MAX = 366
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")


class TimeOffState(StrEnum):
    """Whether days off stand."""

    TAKEN = "taken"  # The worker's: may cancel it.
    CANCELLED = "cancelled"  # Nobody's: the end.


NEW = frozenset[TimeOffState]()


# fmt: off
class TimeOffMove(Move):
    """Every legal change of days off."""

    #        from                   to                      who may
    TAKE   = (NEW,                  TimeOffState.TAKEN,     {Role.WORKER})
    CANCEL = ({TimeOffState.TAKEN}, TimeOffState.CANCELLED, {Role.WORKER})
# fmt: on


class ShiftInvalid(Invalid):
    """A shift names a weekday from 0 (Monday) to 6 and two times HH:MM."""


class ShiftsOverlap(Invalid):
    """Two shifts overlap, a night shift that runs into the next day included."""


class TimeOffInvalid(Invalid):
    """Days off begin today or later, end after they begin, and are not too long or too far."""


class TimeOffOverlaps(Conflict):
    """You have taken some of these days off already."""


class BookedInTimeOff(Conflict):
    """You have accepted jobs on these days; cancel them first."""


class TimeOffNotFound(NotFound):
    """There are no such days off, or they are not yours."""


class Days(NamedTuple):
    """Hong Kong calendar days, the first and the last included."""

    first_on: date
    last_on: date


class AnyShift(Protocol):
    """What all shifts have, wherever they are kept."""

    @property
    def weekday(self) -> int: ...

    @property
    def starts(self) -> str: ...

    @property
    def ends(self) -> str: ...


def check_shifts(shifts: Sequence[AnyShift]) -> None:
    """Raises ShiftInvalid, ShiftsOverlap."""
    spans = [_span(place, shift) for place, shift in enumerate(shifts)]
    for place, (start, length) in enumerate(spans):
        for other, (its_start, its_length) in enumerate(spans[:place]):
            apart = (its_start - start) % WEEK_MINUTES
            back = (start - its_start) % WEEK_MINUTES
            if apart < length or back < its_length:
                raise ShiftsOverlap(field=f"shifts.{place}", reason=f"overlaps shifts.{other}")


def works_throughout(
    shifts: Sequence[AnyShift], days_off: Iterable[date], starts_at: datetime, ends_at: datetime
) -> bool:
    """Whether a worker works the whole interval: inside touching shifts, on no day off."""
    local_start, local_end = starts_at.astimezone(HONG_KONG), ends_at.astimezone(HONG_KONG)
    off = set(days_off)
    if any(day in off for day in each_day(*days_touched(starts_at, ends_at))):
        return False
    first = local_start.replace(second=0, microsecond=0)
    at = first.weekday() * DAY_MINUTES + first.hour * 60 + first.minute
    left = -((first - local_end) // timedelta(minutes=1))  # A minute begun counts whole.
    spans = [_span(place, shift) for place, shift in enumerate(shifts)]
    while left > 0:
        on_duty = [length - (at - start) % WEEK_MINUTES for start, length in spans]
        ahead = max(on_duty, default=0)
        if ahead <= 0:
            return False
        at, left = (at + ahead) % WEEK_MINUTES, left - ahead
    return True


def check_time_off(today: date, first_on: date, last_on: date) -> None:
    """Raises TimeOffInvalid."""
    if first_on < today:
        raise TimeOffInvalid(field="first_on", reason="in the past")
    if last_on < first_on:
        raise TimeOffInvalid(field="last_on", reason="before first_on")
    if (last_on - first_on).days >= TIME_OFF_DAYS_MAX:
        raise TimeOffInvalid(field="last_on", reason=f"more than {TIME_OFF_DAYS_MAX} days")
    if (last_on - today).days > TIME_OFF_AHEAD_DAYS_MAX:
        raise TimeOffInvalid(field="last_on", reason="more than a year ahead")


def hong_kong_day(at: datetime) -> date:
    """The calendar day in Hong Kong."""
    return at.astimezone(HONG_KONG).date()


def first_instant(day: date) -> datetime:
    """When a Hong Kong calendar day begins."""
    return datetime(day.year, day.month, day.day, tzinfo=HONG_KONG)


def each_day(first_on: date, last_on: date) -> list[date]:
    """The days from the first to the last, both included."""
    return [first_on + timedelta(days=n) for n in range((last_on - first_on).days + 1)]


def days_touched(starts_at: datetime, ends_at: datetime) -> Days:
    """The Hong Kong days of an interval; midnight at its end is not one more."""
    last = ends_at - timedelta(microseconds=1) if ends_at > starts_at else ends_at
    return Days(hong_kong_day(starts_at), hong_kong_day(last))


def _span(place: int, shift: AnyShift) -> tuple[int, int]:
    """Start in the week and length, in minutes. Raises ShiftInvalid."""
    if not 0 <= shift.weekday <= 6:
        raise ShiftInvalid(field=f"shifts.{place}.weekday", reason="not 0 to 6")
    starts = _minutes(f"shifts.{place}.starts", shift.starts)
    ends = _minutes(f"shifts.{place}.ends", shift.ends)
    length = ends - starts if ends > starts else ends - starts + DAY_MINUTES
    return shift.weekday * DAY_MINUTES + starts, length


def _minutes(field: str, clock: str) -> int:
    found = _CLOCK.fullmatch(clock)
    if found is None:
        raise ShiftInvalid(field=field, reason="not HH:MM")
    return int(found[1]) * 60 + int(found[2])
