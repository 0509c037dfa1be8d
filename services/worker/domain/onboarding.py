"""What a person still needs before they may take jobs. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from services.worker.domain.worker import WorkerState


class StepState(StrEnum):
    """How far one step is."""

    MISSING = "missing"  # The person's turn.
    IN_REVIEW = "in_review"  # Staff's turn.
    REFUSED = "refused"  # The person's turn: apply again.
    VALID = "valid"  # Nobody's.


@dataclass(frozen=True, slots=True)
class Step:
    """One step, and in words of the programme what is missing for it."""

    step: str
    state: StepState
    missing: list[str]


_BY_STANDING = {
    None: StepState.MISSING,
    WorkerState.APPLIED: StepState.IN_REVIEW,
    WorkerState.REJECTED: StepState.REFUSED,
    WorkerState.APPROVED: StepState.VALID,
    WorkerState.SUSPENDED: StepState.VALID,
}


def steps_of(
    standing: WorkerState | None, granted: Mapping[str, int | None], has_hours: bool
) -> list[Step]:
    """Every step in order; ``granted`` maps each skill asked for to its level, if it has one."""
    review = _BY_STANDING[standing]
    applied = review in (StepState.IN_REVIEW, StepState.VALID)
    identity = Step("identity", review, [] if applied else ["id_document", "legal_name"])
    area = StepState.MISSING if standing is None else StepState.VALID
    hours = StepState.VALID if has_hours else StepState.MISSING
    return [
        identity,
        _skills(review, granted),
        Step("service_area", area, ["base", "radius_m"] if standing is None else []),
        Step("working_hours", hours, [] if has_hours else ["shifts"]),
    ]


def may_work(standing: WorkerState | None, steps: list[Step]) -> bool:
    """Whether jobs can come: every step is valid and nobody has suspended them."""
    return standing is WorkerState.APPROVED and all(step.state is StepState.VALID for step in steps)


def _skills(review: StepState, granted: Mapping[str, int | None]) -> Step:
    if review is not StepState.VALID:
        return Step("skills", review, [] if granted else ["skills"])
    waiting = [code for code, level in granted.items() if level is None]
    state = StepState.VALID if len(waiting) < len(granted) else StepState.MISSING
    return Step("skills", state, waiting)
