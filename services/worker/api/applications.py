"""Applying to work, and how far the application is."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import Field

from services.worker.api.shapes import (
    CODES_MAX,
    AreaRequest,
    Code,
    Line,
    Request,
    SkillRequest,
    View,
    levels_of,
)
from services.worker.domain.area import DistrictUnknown, OutsideHongKong, area_of
from services.worker.domain.identity import IdKind, IdNumberInvalid
from services.worker.domain.onboarding import StepState, may_work, steps_of
from services.worker.domain.worker import (
    AlreadyApplied,
    CodeInvalid,
    CodeRepeated,
    IdentityAlreadyUsed,
    WorkerState,
)
from services.worker.storage.skills import skills_of
from services.worker.storage.workers import Person, find_worker
from services.worker.use_cases.apply_to_work import apply_to_work
from shared.contracts.ids import WorkerId
from shared.kit.web import OnceDep, ReadDep, UserCaller, port, problems

router = APIRouter(prefix="/workers", tags=["application"])

Name = Annotated[Line, Field(min_length=1, max_length=80)]
BufferDep = Annotated[int, Depends(port("travel_buffer_seconds"))]


class DocumentRequest(Request):
    """An identity document: ``A123456(3)``, 18 digits of the mainland, or a passport's number."""

    kind: IdKind
    number: str = Field(min_length=4, max_length=30)


class ApplicationRequest(AreaRequest):
    """Who wants to work, what they can do, and where."""

    legal_name: Name
    display_name: Name
    id_document: DocumentRequest
    skills: list[SkillRequest] = Field(min_length=1, max_length=CODES_MAX)
    equipment: list[Code] = Field(default=[], max_length=CODES_MAX)


class ApplicationView(View):
    """An application as its person sees it; names and numbers are masked."""

    worker_id: UUID = Field(validation_alias="id")
    state: WorkerState
    applied_at: datetime
    display_name: str = Field(validation_alias="display_name_shown")
    id_number: str = Field(validation_alias="identity_shown")


class StepView(View):
    """One step towards the first job."""

    step: str
    state: StepState
    missing: list[str]


class OnboardingView(View):
    """Every step, what is missing for it, and staff's words if they refused."""

    state: WorkerState | None
    may_work: bool
    reason: str | None
    steps: list[StepView]


@router.post(
    "",
    status_code=201,
    responses=problems(
        AlreadyApplied,
        IdentityAlreadyUsed,
        IdNumberInvalid,
        CodeInvalid,
        CodeRepeated,
        OutsideHongKong,
        DistrictUnknown,
    ),
)
async def post_application(
    body: ApplicationRequest, caller: UserCaller, once: OnceDep, travel_buffer_seconds: BufferDep
) -> ApplicationView:
    """Apply to work. A rejected person may apply again; one document serves one account."""
    area = area_of(body.base.lat, body.base.lng, body.radius_m, body.districts)
    document = body.id_document
    person = Person(body.legal_name, body.display_name, document.kind, document.number)
    levels = levels_of(body.skills)
    plain = (person, levels, body.equipment, area, travel_buffer_seconds)
    return await once(ApplicationView, apply_to_work, caller, *plain)


@router.get("/me/onboarding")
async def get_onboarding(caller: UserCaller, read: ReadDep) -> OnboardingView:
    """What is still missing before jobs can come; also for somebody who has not applied yet."""
    async with read() as tx:
        worker = await find_worker(tx, WorkerId(caller.id))
        skills = await skills_of(tx, WorkerId(caller.id))
    standing = worker.state if worker else None
    granted = {skill.code: skill.level_granted for skill in skills}
    steps = steps_of(standing, granted, has_hours=bool(worker and worker.shifts))
    return OnboardingView(
        state=standing,
        may_work=may_work(standing, steps),
        reason=worker.refusal if worker else None,
        steps=[StepView.model_validate(step) for step in steps],
    )
