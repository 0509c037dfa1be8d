"""What it would cost to send a worker, in seconds: five terms, kept so that staff can read them.

Pure. Recomputing a cost from stored features gives the stored cost.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from services.dispatch.domain.candidate import Candidate, Job, Reject, rejects
from services.dispatch.domain.hours import HONG_KONG
from services.dispatch.domain.places import crosses_harbour, distance_m
from services.dispatch.domain.search import SearchRules

SECONDARY_SECONDS = 120
CREDIT_SECONDS = 300
LOAD_SECONDS, LOAD_MAX = 20, 3.0
ACCEPTANCE_SECONDS = 90
# A newcomer counts as one who accepted 8 of 10; silence weighs half a refusal.
ACCEPTED_PRIOR, ANSWERED_PRIOR, EXPIRED_WEIGHT = 8.0, 10.0, 0.5

DETOUR = 1.4  # The way by road against the straight line.
HARBOUR_SECONDS, HARBOUR_PEAK_SECONDS = 300, 720
PEAK_HOURS = frozenset({7, 8, 9, 17, 18, 19})
_SPEED_KMH = (40,) * 7 + (24, 20, 22) + (28,) * 7 + (22, 20, 24) + (30, 34, 36, 38)
_NEVER_IDLE = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Features:
    """What the cost is made from; kept with the round."""

    distance_m: int
    hour: int  # Hong Kong wall clock, when the way is made.
    crosses_harbour: bool
    is_secondary: bool  # The worker is better at something else.
    credit: float  # 0 to 100.
    relative_load: float  # Jobs that day against the mean of those who could come.
    acceptance: float  # 0 to 1.


@dataclass(frozen=True, slots=True)
class Terms:
    """The five terms of a cost, in seconds."""

    eta: float
    secondary_skill: float
    credit: float
    load: float
    acceptance: float

    @property
    def total(self) -> float:
        terms = (self.eta, self.secondary_skill, self.credit, self.load, self.acceptance)
        return round(math.fsum(terms), 1)


@dataclass(frozen=True, slots=True)
class Judged:
    """A worker as a round judged them: passed over for reasons, or priced."""

    worker_id: UUID
    rejects: Sequence[Reject]
    features: Features | None = None
    terms: Terms | None = None

    def explained(self) -> dict[str, Any]:
        """As it is kept with the round."""
        if self.features is None or self.terms is None:
            return {"worker_id": str(self.worker_id), "rejects": [str(r) for r in self.rejects]}
        return {
            "worker_id": str(self.worker_id),
            "rejects": [],
            "features": {name: getattr(self.features, name) for name in Features.__slots__},
            "terms": {name: getattr(self.terms, name) for name in Terms.__slots__},
            "cost": self.terms.total,
        }


def eta_seconds(features: Features) -> int:
    """How long the way takes: straight line by detour and the hour's speed, and the harbour."""
    metres_a_second = _SPEED_KMH[features.hour] / 3.6
    seconds = features.distance_m * DETOUR / metres_a_second
    if features.crosses_harbour:
        seconds += HARBOUR_PEAK_SECONDS if features.hour in PEAK_HOURS else HARBOUR_SECONDS
    return round(seconds)


def terms_of(features: Features) -> Terms:
    """The cost of these features, each term rounded once to a tenth of a second."""
    return Terms(
        eta=float(eta_seconds(features)),
        secondary_skill=float(SECONDARY_SECONDS * features.is_secondary),
        credit=round(CREDIT_SECONDS * (1 - features.credit / 100), 1),
        load=round(LOAD_SECONDS * min(features.relative_load, LOAD_MAX), 1),
        acceptance=round(ACCEPTANCE_SECONDS * (1 - features.acceptance), 1),
    )


def judge(
    job: Job, workers: Sequence[Candidate], radius_m: int, now: datetime, rules: SearchRules
) -> list[Judged]:
    """All workers of a round: those who could come first, best first, then those passed over.

    A worker who let an offer for this order lapse comes after all who have not seen it. Ties go to
    who has been idle longer, then to the smaller id.
    """
    found = [(worker, rejects(job, worker, radius_m, now, rules)) for worker in workers]
    able = [worker for worker, why in found if not why]
    load = sum(worker.jobs_that_day for worker in able) / len(able) if able else 0.0
    priced = [(worker, _priced(job, worker, load, now)) for worker in able]
    priced.sort(key=lambda pair: _rank(*pair))
    passed = [Judged(worker.worker_id, why) for worker, why in found if why]
    passed.sort(key=lambda judged: judged.worker_id)
    return [judged for _, judged in priced] + passed


def _priced(job: Job, worker: Candidate, mean_load: float, now: datetime) -> Judged:
    start = worker.start_for(job)
    leaves_at = now if job.is_urgent else job.time.starts_at
    answered = (
        worker.offers_accepted
        + worker.offers_declined
        + EXPIRED_WEIGHT * worker.offers_expired
        + ANSWERED_PRIOR
    )
    features = Features(
        distance_m=round(distance_m(start, job.point)),
        hour=leaves_at.astimezone(HONG_KONG).hour,
        crosses_harbour=crosses_harbour(start, job.point),
        is_secondary=worker.skills[job.skill] < max(worker.skills.values()),
        credit=worker.credit,
        relative_load=round(worker.jobs_that_day / mean_load, 3) if mean_load else 0.0,
        acceptance=round((worker.offers_accepted + ACCEPTED_PRIOR) / answered, 4),
    )
    return Judged(worker.worker_id, [], features, terms_of(features))


def _rank(worker: Candidate, judged: Judged) -> tuple[int, float, datetime, UUID]:
    assert judged.terms is not None
    idle_since = worker.idle_since or _NEVER_IDLE
    return (worker.offers_of_order, judged.terms.total, idle_since, worker.worker_id)
