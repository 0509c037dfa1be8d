"""What dispatch refuses about where workers are. Pure."""

from datetime import datetime, timedelta

from shared.kit.errors import Invalid, TooMany

AHEAD_MAX = timedelta(seconds=60)  # Phones' clocks are not ours.


class PositionTooOften(TooMany):
    """A position came a moment ago; the next one may come soon."""


class PositionFromTheFuture(Invalid):
    """The time of the position lies ahead of now."""


def measured_at(at: datetime | None, now: datetime) -> datetime:
    """When a position was measured: as the phone says, but never later than now.

    Raises PositionFromTheFuture.
    """
    if at is None:
        return now
    if at > now + AHEAD_MAX:
        raise PositionFromTheFuture(field="at", reason="lies ahead of now")
    return min(at, now)
