"""How far a round looks: wider step by step, until somebody can come. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.dispatch.domain.candidate import Candidate, Job
from services.dispatch.domain.cost import Judged, judge
from services.dispatch.domain.places import cell_of, cells_around
from services.dispatch.domain.search import SearchRules


@dataclass(frozen=True, slots=True)
class Look:
    """What a round saw: how far it looked, and everybody there, the best first."""

    step: int
    radius_m: int
    judged: Sequence[Judged]

    @property
    def able(self) -> Sequence[Judged]:
        """Those who could come, the best first."""
        return [one for one in self.judged if not one.rejects]


def look_around(
    job: Job, workers: Sequence[Candidate], steps: range, now: datetime, rules: SearchRules
) -> Look:
    """Judge workers at the first of these steps at which somebody can come, else at the last."""
    for step in steps:
        radius_m = rules.radius_steps_m[step]
        cells = frozenset(cells_around(job.point, radius_m))
        near = [worker for worker in workers if cell_of(worker.start_for(job)) in cells]
        look = Look(step, radius_m, judge(job, near, radius_m, now, rules))
        if look.able:
            break
    return look
