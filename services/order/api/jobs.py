"""HTTP for a job after its assignment: the worker's list, and the steps from leaving to the end."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Query
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt

from services.order.api.job_views import (
    JobCompletedView,
    JobDetail,
    JobMovedView,
    JobPage,
    job_of,
    summary_of,
)
from services.order.domain.arrival import (
    ArrivalNotShown,
    ArrivedBy,
    Fix,
    LeadArrives,
    StartCodeLocked,
    StartCodeWrong,
)
from services.order.domain.evidence import AnswerInvalid, ChecklistIncomplete, EvidenceMissing
from services.order.domain.job import NotInCrew
from services.order.domain.ports import Entropy
from services.order.domain.refusals import LeadOnly, OrderNotFound
from services.order.storage.jobs import jobs_of
from services.order.storage.whole import whole_order
from services.order.use_cases.arrive_at_job import arrive_at_job
from services.order.use_cases.cancel_as_worker import cancel_as_worker
from services.order.use_cases.check_in_crew import check_in_crew
from services.order.use_cases.complete_job import complete_job
from services.order.use_cases.depart_job import depart_job
from services.order.use_cases.start_job import start_job
from shared.contracts.ids import OrderId
from shared.kit.states import MoveRefused
from shared.kit.web import OnceDep, ReadDep, WorkerCaller, port, problems
from shared.texts import Printable

router = APIRouter(prefix="/jobs", tags=["jobs"])

EntropyDep = Annotated[Entropy, Depends(port("entropy"))]
Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,39}$")]
Answer = (
    StrictBool
    | Annotated[StrictInt, Field(ge=-(10**9), le=10**9)]
    | Annotated[str, Field(max_length=120)]
)


class PositionRequest(BaseModel):
    """Where the phone says you are."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"lat": 22.3793, "lng": 114.1872, "accuracy_m": 12}]},
    )

    lat: Annotated[float, Field(strict=True, ge=-90, le=90)]
    lng: Annotated[float, Field(strict=True, ge=-180, le=180)]
    accuracy_m: Annotated[float, Field(strict=True, ge=0, le=100_000)]

    def shown(self) -> Fix:
        """As the rules take it."""
        return Fix(self.lat, self.lng, self.accuracy_m)


class StartCodeRequest(BaseModel):
    """The four digits that the user's screen shows."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"start_code": "0417"}]}
    )

    start_code: Annotated[str, Field(pattern=r"^[0-9]{4}$")]

    def shown(self) -> str:
        """As the rules take it."""
        return self.start_code


ArrivalRequest = PositionRequest | StartCodeRequest


class ChecklistRequest(BaseModel):
    """Answers to the checklist by the items' codes; its photos come by `evidence`."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"answers": {"keys_received": True, "mileage_km": 48200}}]},
    )

    answers: Annotated[dict[Code, Answer], Field(max_length=60)] = {}


NO_ANSWERS = ChecklistRequest()


class LeaveRequest(BaseModel):
    """Why you cannot do the job; phone and identity numbers in it are masked before it is kept."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "The truck broke down."}]}
    )

    reason: Annotated[Printable, Field(min_length=1, max_length=200)]


class ArrivalAnswer(BaseModel):
    """An arrival as it is kept for retries; without an instant the code was wrong."""

    model_config = ConfigDict(from_attributes=True)

    arrived_at: datetime | None
    arrived_by: ArrivedBy | None
    tries_left: int


class ArrivedView(BaseModel):
    """You are there."""

    arrived_at: datetime
    arrived_by: ArrivedBy


@router.get("")
async def get_jobs(
    caller: WorkerCaller,
    begin: ReadDep,
    cursor: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> JobPage:
    """The jobs you hold or held a position in, newest first."""
    async with begin() as tx:
        found = await jobs_of(tx, caller, cursor, limit)
    full = len(found) == limit
    return JobPage(
        items=[summary_of(job) for job in found],
        next_cursor=found[-1].order.id if full else None,
    )


@router.get("/{order_id}", responses=problems(OrderNotFound, NotInCrew))
async def get_job(order_id: UUID, caller: WorkerCaller, read: ReadDep) -> JobDetail:
    """One of your jobs.

    The address goes down to the door from the assignment until 24 hours after the visit, and each
    reading is recorded; before and after that it ends at the block.
    """
    async with read() as tx:  # The record of a sight is kept whatever becomes of the answer.
        return await job_of(tx, await whole_order(tx, caller, order_id), caller)


@router.post("/{order_id}/depart", responses=problems(OrderNotFound, LeadOnly, MoveRefused))
async def post_depart(order_id: UUID, caller: WorkerCaller, once: OnceDep) -> JobMovedView:
    """Set out. The lead of the visit does this."""
    return await once(JobMovedView, depart_job, caller, OrderId(order_id))


@router.post(
    "/{order_id}/arrive",
    responses=problems(
        OrderNotFound, LeadOnly, MoveRefused, ArrivalNotShown, StartCodeWrong, StartCodeLocked
    ),
)
async def post_arrive(
    order_id: UUID, body: ArrivalRequest, caller: WorkerCaller, once: OnceDep
) -> ArrivedView:
    """Arrive, as the lead: at most 250 m from the first stop by a fix good to 150 m.

    Otherwise ask the user for the start code that their screen shows and send that. After five
    wrong codes only staff can help, with a new code.
    """
    answer = await once(ArrivalAnswer, arrive_at_job, caller, OrderId(order_id), body.shown())
    return _arrived(answer)


@router.post(
    "/{order_id}/check-in",
    responses=problems(
        OrderNotFound,
        NotInCrew,
        LeadArrives,
        MoveRefused,
        ArrivalNotShown,
        StartCodeWrong,
        StartCodeLocked,
    ),
)
async def post_check_in(
    order_id: UUID, body: ArrivalRequest, caller: WorkerCaller, once: OnceDep
) -> ArrivedView:
    """Check in as a member of the crew, by the same rule as the lead; your pay depends on it."""
    answer = await once(ArrivalAnswer, check_in_crew, caller, OrderId(order_id), body.shown())
    return _arrived(answer)


def _arrived(answer: ArrivalAnswer) -> ArrivedView:
    if answer.arrived_at is None or answer.arrived_by is None:
        raise StartCodeWrong("Ask the user again.", tries_left=answer.tries_left)
    return ArrivedView(arrived_at=answer.arrived_at, arrived_by=answer.arrived_by)


@router.post(
    "/{order_id}/start",
    responses=problems(OrderNotFound, LeadOnly, MoveRefused, AnswerInvalid, ChecklistIncomplete),
)
async def post_start(
    order_id: UUID,
    caller: WorkerCaller,
    once: OnceDep,
    body: Annotated[ChecklistRequest, Body()] = NO_ANSWERS,
) -> JobMovedView:
    """Begin the work of a fixed-price job, as the lead.

    What the checklist asks for before the start must be answered here, and its photos taken.
    """
    return await once(JobMovedView, start_job, caller, OrderId(order_id), body.answers)


@router.post(
    "/{order_id}/complete",
    responses=problems(
        OrderNotFound, LeadOnly, MoveRefused, EvidenceMissing, AnswerInvalid, ChecklistIncomplete
    ),
)
async def post_complete(
    order_id: UUID,
    caller: WorkerCaller,
    once: OnceDep,
    body: Annotated[ChecklistRequest, Body()] = NO_ANSWERS,
) -> JobCompletedView:
    """Hand the work over, as the lead: at least one 'after' photo and a full checklist.

    The user accepts it, or time does at `accept_until`.
    """
    return await once(JobCompletedView, complete_job, caller, OrderId(order_id), body.answers)


@router.post("/{order_id}/cancel", responses=problems(OrderNotFound, NotInCrew, MoveRefused))
async def post_cancel(
    order_id: UUID, body: LeaveRequest, caller: WorkerCaller, once: OnceDep, entropy: EntropyDep
) -> JobMovedView:
    """Give up your own position; it counts against your credit, and another is looked for."""
    return await once(
        JobMovedView,
        cancel_as_worker,
        caller,
        OrderId(order_id),
        body.reason,
        entropy.start_code(),
    )
