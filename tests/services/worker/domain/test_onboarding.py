"""What is still missing before jobs can come."""

import pytest

from services.worker.domain.onboarding import Step, StepState, may_work, steps_of
from services.worker.domain.worker import WorkerState


def by_name(steps: list[Step]) -> dict[str, StepState]:
    return {step.step: step.state for step in steps}


def test_a_stranger_misses_everything() -> None:
    steps = steps_of(None, {}, has_hours=False)
    assert set(by_name(steps).values()) == {StepState.MISSING}
    assert all(step.missing for step in steps)


def test_an_applicant_waits_for_staff() -> None:
    steps = by_name(steps_of(WorkerState.APPLIED, {"towing": None}, has_hours=False))
    assert steps["identity"] == steps["skills"] == StepState.IN_REVIEW
    assert steps["service_area"] == StepState.VALID


def test_a_rejected_applicant_is_told_so() -> None:
    steps = by_name(steps_of(WorkerState.REJECTED, {"towing": None}, has_hours=False))
    assert steps["identity"] == steps["skills"] == StepState.REFUSED


def test_skills_not_granted_are_named() -> None:
    steps = steps_of(WorkerState.APPROVED, {"towing": 3, "gas": None}, has_hours=True)
    assert {step.step: step.missing for step in steps}["skills"] == ["gas"]
    assert may_work(WorkerState.APPROVED, steps)


@pytest.mark.parametrize("standing", [None, *WorkerState])
@pytest.mark.parametrize("has_hours", [True, False])
@pytest.mark.parametrize("level", [None, 3])
def test_jobs_come_only_when_every_step_is_valid(
    standing: WorkerState | None, has_hours: bool, level: int | None
) -> None:
    steps = steps_of(standing, {"towing": level}, has_hours)
    all_there = standing is WorkerState.APPROVED and has_hours and level is not None
    assert may_work(standing, steps) is all_there
