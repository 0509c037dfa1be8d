"""Staff's desk for workers: applications, decisions, and a look at the document."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Query
from pydantic import Field

from services.worker.api.shapes import (
    CODES_MAX,
    PAGE_MAX,
    Code,
    Line,
    Reason,
    Request,
    SkillRequest,
    View,
    levels_of,
)
from services.worker.domain.identity import IdKind
from services.worker.domain.worker import (
    CodeInvalid,
    CodeRepeated,
    NoSkillGranted,
    OwnFile,
    SkillNotAsked,
    WorkerNotFound,
    WorkerState,
)
from services.worker.storage.decisions import decisions_about
from services.worker.storage.skills import WorkerSkill, skills_of
from services.worker.storage.workers import Worker, revealed, worker_of, workers_in
from services.worker.use_cases.approve_worker import approve_worker
from services.worker.use_cases.grant_skills import grant_skills
from services.worker.use_cases.reinstate_worker import reinstate_worker
from services.worker.use_cases.reject_worker import reject_worker
from services.worker.use_cases.suspend_worker import suspend_worker
from shared.contracts.ids import WorkerId
from shared.kit.states import MoveForbidden, MoveRefused
from shared.kit.web import BeginDep, OnceDep, ReadDep, StaffCaller, problems
from shared.privacy.sealing import Erased

router = APIRouter(prefix="/staff/worker", tags=["staff"])

DECIDED = problems(WorkerNotFound, MoveRefused, MoveForbidden)
REINSTATED = problems(WorkerNotFound, OwnFile, MoveRefused, MoveForbidden)
GRANTED = problems(
    WorkerNotFound, OwnFile, MoveRefused, MoveForbidden, CodeInvalid, CodeRepeated, NoSkillGranted
)
# What somebody needs the clear data for; it is kept with their name.
Purpose = Annotated[Line, Query(min_length=3, max_length=200)]


class GrantRequest(Request):
    """Skills at the levels staff found, equipment they saw, and why."""

    skills: list[SkillRequest] = Field(max_length=CODES_MAX)
    equipment: list[Code] = Field(default=[], max_length=CODES_MAX)
    reason: Reason


class ReasonRequest(Request):
    """Why staff decide so; the worker reads it."""

    reason: Reason


class StandingView(View):
    """Where a worker stands after a decision."""

    worker_id: UUID = Field(validation_alias="id")
    state: WorkerState
    display_name: str = Field(validation_alias="display_name_shown")


class AskedSkillView(View):
    """A skill asked for, and the level granted if any."""

    code: str
    level_asked: int
    level_granted: int | None


class FileView(View):
    """A worker's file as staff see it; names and numbers are masked."""

    worker_id: UUID
    state: WorkerState
    legal_name: str
    display_name: str
    id_kind: IdKind
    id_number: str
    skills: list[AskedSkillView]
    equipment_asked: list[str]
    equipment: list[str]
    districts: list[str]
    radius_m: int
    credit: float
    jobs_done: int
    applied_at: datetime
    approved_at: datetime | None


class DecisionView(View):
    """A decision that was made."""

    id: UUID
    actor: UUID
    move: str
    reason: str
    facts: dict[str, Any]
    at: datetime


class WholeFileView(FileView):
    """A worker's file with the latest decisions about them."""

    decisions: list[DecisionView]


class FilePage(View):
    """Files, who applied first coming first; ``next_cursor`` asks for more."""

    items: list[FileView]
    next_cursor: UUID | None


class ClearView(View):
    """Name and document in clear."""

    legal_name: str
    display_name: str
    id_kind: IdKind
    id_number: str


def _file(worker: Worker, skills: list[WorkerSkill]) -> dict[str, Any]:
    return {
        "worker_id": worker.id,
        "state": worker.state,
        "legal_name": worker.legal_name_shown,
        "display_name": worker.display_name_shown,
        "id_kind": worker.identity_kind,
        "id_number": worker.identity_shown,
        "skills": [AskedSkillView.model_validate(skill) for skill in skills],
        "equipment_asked": worker.equipment_asked,
        "equipment": worker.equipment,
        "districts": worker.districts,
        "radius_m": worker.radius_m,
        "credit": worker.credit_points / 100,
        "jobs_done": worker.jobs_done,
        "applied_at": worker.applied_at,
        "approved_at": worker.approved_at,
    }


@router.get("/applications")
async def get_applications(
    caller: StaffCaller,
    read: ReadDep,
    state: WorkerState = WorkerState.APPLIED,
    cursor: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 20,
) -> FilePage:
    """The queue: who waits longest comes first. Other states list who stands there."""
    async with read() as tx:
        workers = await workers_in(tx, state, cursor, limit)
        skills = await skills_of(tx, *(worker.id for worker in workers))
    items = [
        FileView(**_file(worker, [skill for skill in skills if skill.worker_id == worker.id]))
        for worker in workers
    ]
    return FilePage(items=items, next_cursor=workers[-1].id if len(workers) == limit else None)


@router.get("/{worker_id}", responses=problems(WorkerNotFound))
async def get_file(worker_id: UUID, caller: StaffCaller, read: ReadDep) -> WholeFileView:
    """One worker's file with the decisions about them, the newest first."""
    async with read() as tx:
        worker = await worker_of(tx, caller, WorkerId(worker_id))
        skills = await skills_of(tx, worker.id)
        decisions = await decisions_about(tx, worker.id)
    shown = [DecisionView.model_validate(decision) for decision in decisions]
    return WholeFileView(**_file(worker, list(skills)), decisions=shown)


@router.get("/{worker_id}/identity", responses=problems(WorkerNotFound, Erased))
async def get_identity(
    worker_id: UUID, purpose: Purpose, caller: StaffCaller, begin: BeginDep
) -> ClearView:
    """Name and document in clear, to compare with the person. Who read it and why is kept."""
    async with begin() as tx:
        worker = await worker_of(tx, caller, WorkerId(worker_id))
        person = await revealed(tx, caller, worker, purpose)
        return ClearView.model_validate(person)


_GRANT = Body(
    openapi_examples={
        "a rescue driver": {
            "value": {
                "skills": [{"code": "towing", "level": 3}],
                "equipment": ["flatbed"],
                "reason": "Licence, vehicle and winch seen at the depot.",
            }
        },
        "a cleaner": {
            "value": {
                "skills": [{"code": "deep_cleaning", "level": 2}],
                "reason": "Trial flat cleaned in time, two references called.",
            }
        },
    }
)
_REASON = Body(
    openapi_examples={
        "unreadable": {"value": {"reason": "The document does not show the name you gave."}},
        "complaint": {"value": {"reason": "Two upheld complaints; retraining on 3 March."}},
    }
)


@router.post("/{worker_id}/approve", responses=GRANTED | problems(SkillNotAsked, NoSkillGranted))
async def post_approve(
    worker_id: UUID, body: Annotated[GrantRequest, _GRANT], caller: StaffCaller, once: OnceDep
) -> StandingView:
    """Let an applicant work. Grant each skill at the level you found; leave out what failed.

    Nobody lets themselves in or grants themselves skills: ask a colleague.
    """
    plain = (WorkerId(worker_id), levels_of(body.skills), body.equipment, body.reason)
    return await once(StandingView, approve_worker, caller, *plain)


@router.post("/{worker_id}/grant", responses=GRANTED)
async def post_grant(
    worker_id: UUID, body: Annotated[GrantRequest, _GRANT], caller: StaffCaller, once: OnceDep
) -> StandingView:
    """Replace what an approved worker is granted: exactly this list holds from now on."""
    plain = (WorkerId(worker_id), levels_of(body.skills), body.equipment, body.reason)
    return await once(StandingView, grant_skills, caller, *plain)


@router.post("/{worker_id}/reject", responses=DECIDED)
async def post_reject(
    worker_id: UUID, body: Annotated[ReasonRequest, _REASON], caller: StaffCaller, once: OnceDep
) -> StandingView:
    """Refuse an application. The person reads the reason and may apply again."""
    return await once(StandingView, reject_worker, caller, WorkerId(worker_id), body.reason)


@router.post("/{worker_id}/suspend", responses=DECIDED)
async def post_suspend(
    worker_id: UUID, body: Annotated[ReasonRequest, _REASON], caller: StaffCaller, once: OnceDep
) -> StandingView:
    """Stop new jobs at once. Jobs already accepted stay theirs: reassign them in order."""
    return await once(StandingView, suspend_worker, caller, WorkerId(worker_id), body.reason)


@router.post("/{worker_id}/reinstate", responses=REINSTATED)
async def post_reinstate(
    worker_id: UUID, body: Annotated[ReasonRequest, _REASON], caller: StaffCaller, once: OnceDep
) -> StandingView:
    """Let a suspended worker take jobs again. Not yourself: ask a colleague."""
    return await once(StandingView, reinstate_worker, caller, WorkerId(worker_id), body.reason)
