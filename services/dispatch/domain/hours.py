"""Working hours: whether a whole interval lies within a worker's weekly shifts. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from shared.contracts.worker import Shift

HONG_KONG = ZoneInfo("Asia/Hong_Kong")
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Interval:
    """From an instant up to, not including, another."""

    starts_at: datetime
    ends_at: datetime

    def overlaps(self, other: "Interval") -> bool:
        """Whether some time lies in both; an empty interval has none."""
        return max(self.starts_at, other.starts_at) < min(self.ends_at, other.ends_at)

    def widened(self, by: timedelta) -> "Interval":
        return Interval(self.starts_at - by, self.ends_at + by)

    def not_before(self, instant: datetime) -> "Interval":
        """As long as it is, beginning at the instant where it would begin earlier."""
        late = max(instant - self.starts_at, timedelta(0))
        return Interval(self.starts_at + late, self.ends_at + late)


def works_throughout(shifts: Sequence[Shift], days_off: Iterable[date], asked: Interval) -> bool:
    """Whether shifts cover the whole interval and no day off touches it."""
    first = asked.starts_at.astimezone(HONG_KONG).date()
    last = asked.ends_at.astimezone(HONG_KONG).date()
    if any(_day(off).overlaps(asked) for off in days_off):
        return False
    days = [first - DAY + DAY * number for number in range((last - first).days + 2)]
    spans = [
        _on(day, shift.starts, shift.ends)
        for day in days
        for shift in shifts
        if shift.weekday == day.weekday()
    ]
    covered_to = asked.starts_at
    for span in sorted(spans, key=lambda span: span.starts_at):
        if span.starts_at <= covered_to < span.ends_at:
            covered_to = span.ends_at
    return covered_to >= asked.ends_at


def _day(on: date) -> Interval:
    return Interval(
        datetime.combine(on, time(), HONG_KONG), datetime.combine(on + DAY, time(), HONG_KONG)
    )


@lru_cache(4_096)  # Many workers keep the same hours.
def _on(day: date, starts_at: str, ends_at: str) -> Interval:
    """The shift that starts on a day; it ends the next day when its end is not after its start."""
    starts, ends = time.fromisoformat(starts_at), time.fromisoformat(ends_at)
    ends_on = day if ends > starts else day + DAY
    return Interval(
        datetime.combine(day, starts, HONG_KONG), datetime.combine(ends_on, ends, HONG_KONG)
    )
