"""A slot of a worker's calendar, held for one job with the way there and back. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from shared.kit.caller import Role
from shared.kit.errors import Conflict, Invalid
from shared.kit.states import Move

JOB_HOURS_MAX = 31 * 24  # A live-in carer's month is the longest single visit.


class BookingState(StrEnum):
    """Whether a slot is taken."""

    HELD = "held"  # The worker's turn: do the job.
    ENDED = "ended"  # Nobody's: the job is done, and the way back still counts.
    RELEASED = "released"  # Nobody's: taken back, or refused for ever before it was made.


NEW = frozenset[BookingState]()


# fmt: off
class BookingMove(Move):
    """Every legal change of a booking."""

    #         from                  to                     who may
    BOOK    = (NEW,                 BookingState.HELD,     {Role.WORKER, Role.SYSTEM})
    END     = ({BookingState.HELD}, BookingState.ENDED,    {Role.SYSTEM})
    RELEASE = ({BookingState.HELD}, BookingState.RELEASED, {Role.WORKER, Role.SYSTEM})
# fmt: on


class SlotTaken(Conflict):
    """The worker has another job at that time, or on the way to or from it."""


class WorkerNotAvailable(Conflict):
    """The worker may not or does not work at that time; ``reason`` says which."""


class BookingReleased(Conflict):
    """This offer's booking was released, so it can never be made again."""


class OfferBookedOtherwise(Conflict):
    """This offer has booked another worker, job or time."""


class IntervalInvalid(Invalid):
    """A job ends after it starts, and no later than a month after."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A half-open interval of a calendar."""

    starts_at: datetime
    ends_at: datetime


def slot_of(starts_at: datetime, ends_at: datetime, buffer_seconds: int) -> Slot:
    """The job's interval with the way there and back. Raises IntervalInvalid."""
    if not 2000 <= starts_at.year < 3000:
        raise IntervalInvalid(field="starts_at", reason="not in this age")
    if ends_at <= starts_at:
        raise IntervalInvalid(field="ends_at", reason="not after starts_at")
    if ends_at - starts_at > timedelta(hours=JOB_HOURS_MAX):
        raise IntervalInvalid(field="ends_at", reason="more than a month after starts_at")
    buffer = timedelta(seconds=buffer_seconds)
    return Slot(starts_at - buffer, ends_at + buffer)


def ended_slot(
    slot: Slot, ended_at: datetime, buffer_seconds: int, next_starts_at: datetime | None
) -> Slot | None:
    """What of a slot stays taken once the job has ended; None when it ended before its time.

    A job that ran over pushes its end back only as far as the next booking allows: what two
    promises need at once cannot both be kept, and the later one was given in good faith.
    """
    ends_at = ended_at + timedelta(seconds=buffer_seconds)
    if next_starts_at is not None:
        ends_at = min(ends_at, next_starts_at)
    return Slot(slot.starts_at, ends_at) if ends_at > slot.starts_at else None
