"""Who may take a job: a worker as dispatch sees them, and the reasons to pass them over.

Pure: everything it looks at is in its arguments.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from services.dispatch.domain.hours import Interval, works_throughout
from services.dispatch.domain.places import distance_m
from services.dispatch.domain.search import SearchRules
from shared.contracts.shapes import Point, Urgency
from shared.contracts.worker import Shift


class Reject(StrEnum):
    """Why a worker is passed over in a round; staff read these codes."""

    OFFLINE = "offline"
    NOT_APPROVED = "not_approved"
    SUSPENDED = "suspended"
    OWN_ORDER = "own_order"
    SKILL = "skill"
    LEVEL = "level"
    EQUIPMENT = "equipment"
    DISTRICT = "district"
    RADIUS = "radius"  # Outside the worker's own radius.
    STEP = "step"  # Outside the radius searched so far.
    HOURS = "hours"
    BOOKED = "booked"
    OPEN_OFFER = "open_offer"
    REFUSED_BEFORE = "refused_before"
    OFFERED_MAX = "offered_max"
    ASKED_BEFORE = "asked_before"  # Let an offer lapse: asked once more at the widest radius.
    STALE_POSITION = "stale_position"
    NO_POSITION = "no_position"


@dataclass(frozen=True, slots=True)
class Job:
    """What one position of a visit asks for."""

    order_id: UUID
    user_id: UUID
    visit_id: UUID
    position: int
    urgency: Urgency
    skill: str
    level: int
    equipment: str
    point: Point
    district: str
    time: Interval  # When it would be done: never before the round that asks.

    @property
    def is_urgent(self) -> bool:
        """Urgent jobs are reached from where the worker is now, others from where they live."""
        return self.urgency is not Urgency.SCHEDULED


@dataclass(frozen=True, slots=True)
class Candidate:
    """A worker, all that the filters and the cost look at."""

    worker_id: UUID
    online: bool
    approved: bool
    suspended: bool
    skills: Mapping[str, int]  # Level by code.
    equipment: frozenset[str]
    districts: frozenset[str]  # Empty: everywhere within the radius.
    base: Point
    radius_m: int
    shifts: Sequence[Shift]
    days_off: Sequence[date]
    buffer: timedelta  # Kept free before and after each job.
    position: Point | None
    located_at: datetime | None
    idle_since: datetime | None
    credit: float  # 0 to 100.
    offers_accepted: int
    offers_declined: int
    offers_expired: int
    busy: Sequence[Interval]  # Bookings and jobs at hand, travel buffer included.
    jobs_that_day: int
    has_open_offer: bool
    offers_of_order: int  # Made to them for this order so far.
    refused_order: bool  # Declined it, or lost it after accepting.

    def start_for(self, job: Job) -> Point:
        """Where the way to the job begins."""
        return self.position if job.is_urgent and self.position else self.base


def rejects(
    job: Job, worker: Candidate, radius_m: int, now: datetime, rules: SearchRules
) -> list[Reject]:
    """Every reason to pass this worker over; none means that the job may be offered to them."""
    broken = {
        Reject.OFFLINE: not worker.online,
        Reject.NOT_APPROVED: not worker.approved,
        Reject.SUSPENDED: worker.suspended,
        Reject.OWN_ORDER: worker.worker_id == job.user_id,
        Reject.SKILL: job.skill not in worker.skills,
        Reject.LEVEL: worker.skills.get(job.skill, job.level) < job.level,
        Reject.EQUIPMENT: bool(job.equipment) and job.equipment not in worker.equipment,
        Reject.DISTRICT: bool(worker.districts) and job.district not in worker.districts,
        Reject.RADIUS: distance_m(worker.base, job.point) > worker.radius_m,
        Reject.STEP: distance_m(worker.start_for(job), job.point) > radius_m,
        Reject.HOURS: not _works(job, worker, now),
        Reject.BOOKED: _is_booked(job, worker),
        Reject.OPEN_OFFER: worker.has_open_offer,
        Reject.REFUSED_BEFORE: worker.refused_order,
        Reject.OFFERED_MAX: worker.offers_of_order >= rules.offers_per_order_max,
        Reject.ASKED_BEFORE: _may_be_asked_later(worker, radius_m, rules),
        Reject.STALE_POSITION: job.is_urgent and _is_stale(worker, now, rules),
        Reject.NO_POSITION: job.is_urgent and worker.position is None,
    }
    return [code for code, is_broken in broken.items() if is_broken]


def _works(job: Job, worker: Candidate, now: datetime) -> bool:
    """The whole job and the way there and back lie in working hours; what is past is no matter."""
    asked = job.time.widened(worker.buffer)
    ahead = Interval(max(asked.starts_at, now), asked.ends_at)
    return works_throughout(worker.shifts, worker.days_off, ahead)


def _is_booked(job: Job, worker: Candidate) -> bool:
    asked = job.time.widened(worker.buffer)
    return any(asked.overlaps(taken) for taken in worker.busy)


def _may_be_asked_later(worker: Candidate, radius_m: int, rules: SearchRules) -> bool:
    """Others further out come before a second offer to somebody who was silent."""
    is_widest = radius_m >= rules.radius_steps_m[-1]
    return worker.offers_of_order > 0 and not worker.refused_order and not is_widest


def _is_stale(worker: Candidate, now: datetime, rules: SearchRules) -> bool:
    if worker.located_at is None:
        return False  # Said by NO_POSITION.
    return now - worker.located_at > timedelta(seconds=rules.fresh_seconds)
