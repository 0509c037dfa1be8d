"""Days off."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from services.worker.api.shapes import PAGE_MAX, Line, Request, View
from services.worker.domain.schedule import (
    BookedInTimeOff,
    TimeOffInvalid,
    TimeOffNotFound,
    TimeOffOverlaps,
    TimeOffState,
)
from services.worker.domain.worker import WorkerNotFound
from services.worker.storage.time_off import time_off_of
from services.worker.use_cases.cancel_time_off import cancel_time_off
from services.worker.use_cases.take_time_off import take_time_off
from shared.contracts.ids import WorkerId
from shared.kit.states import MoveForbidden, MoveRefused
from shared.kit.web import OnceDep, ReadDep, WorkerCaller, problems

router = APIRouter(prefix="/workers/me/time-off", tags=["schedule"])


class TimeOffRequest(Request):
    """Hong Kong calendar days, the first and the last included."""

    first_on: date
    last_on: date
    note: Line = Field(default="", max_length=200)


class TimeOffView(View):
    """Days off as they stand."""

    id: UUID
    first_on: date
    last_on: date
    note: str
    state: TimeOffState


class TimeOffPage(View):
    """Days off, the last taken first; ``next_cursor`` asks for more."""

    items: list[TimeOffView]
    next_cursor: UUID | None


@router.post(
    "",
    status_code=201,
    responses=problems(WorkerNotFound, TimeOffInvalid, TimeOffOverlaps, BookedInTimeOff),
)
async def post_time_off(body: TimeOffRequest, caller: WorkerCaller, once: OnceDep) -> TimeOffView:
    """Take days off on which no job is booked."""
    days = (body.first_on, body.last_on, body.note)
    return await once(TimeOffView, take_time_off, caller, *days)


@router.get("")
async def get_time_off(
    caller: WorkerCaller,
    read: ReadDep,
    cursor: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 20,
) -> TimeOffPage:
    """Days off, past and cancelled ones included."""
    async with read() as tx:
        rows = await time_off_of(tx, WorkerId(caller.id), cursor, limit)
    items = [TimeOffView.model_validate(row) for row in rows]
    return TimeOffPage(items=items, next_cursor=rows[-1].id if len(rows) == limit else None)


@router.post(
    "/{time_off_id}/cancel",
    responses=problems(WorkerNotFound, TimeOffNotFound, MoveRefused, MoveForbidden),
)
async def post_cancel(time_off_id: UUID, caller: WorkerCaller, once: OnceDep) -> TimeOffView:
    """Work on these days after all."""
    return await once(TimeOffView, cancel_time_off, caller, time_off_id)
