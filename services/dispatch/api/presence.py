"""HTTP for a worker's presence and positions."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StrictBool, StrictInt

from services.dispatch.domain.places import LAT_MAX, LAT_MIN, LNG_MAX, LNG_MIN
from services.dispatch.domain.presence import PositionFromTheFuture, PositionTooOften
from services.dispatch.domain.search import SearchRules
from services.dispatch.use_cases.keep_position import keep_position
from services.dispatch.use_cases.set_presence import set_presence
from shared.contracts.shapes import Point
from shared.kit.web import BeginDep, WorkerCaller, port, problems

router = APIRouter(prefix="/workers/me", tags=["presence"])
RulesDep = Annotated[SearchRules, Depends(port("rules"))]


class PresenceRequest(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"online": True}})

    online: StrictBool


class PresenceView(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    online: bool
    online_at: datetime | None
    located_at: datetime | None


class PositionRequest(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"lat": 22.383, "lng": 114.19, "accuracy_m": 12}},
    )

    lat: float = Field(ge=LAT_MIN, le=LAT_MAX, allow_inf_nan=False)
    lng: float = Field(ge=LNG_MIN, le=LNG_MAX, allow_inf_nan=False)
    accuracy_m: StrictInt = Field(ge=0, le=100_000)
    at: AwareDatetime | None = None


@router.put("/presence")
async def put_presence(
    body: PresenceRequest, caller: WorkerCaller, begin: BeginDep, rules: RulesDep
) -> PresenceView:
    """Take offers, or stop taking them.

    Urgent jobs are only offered to workers who are online and have said where they are within the
    last two minutes.
    """
    async with begin.alone() as tx:  # A search that is not woken looks again by itself.
        switched = await set_presence(tx, rules, caller, body.online)
    return PresenceView.model_validate(switched)


@router.post(
    "/positions",
    status_code=204,
    response_class=Response,
    responses=problems(PositionTooOften, PositionFromTheFuture),
)
async def post_position(
    body: PositionRequest, caller: WorkerCaller, begin: BeginDep, rules: RulesDep
) -> None:
    """Say where you are; once in three seconds is enough.

    `at` is when the phone measured it (now, if left out); a place older than the last one known
    changes nothing. No Idempotency-Key: only the newest place is kept.
    """
    point = Point(lat=body.lat, lng=body.lng)
    async with begin.alone() as tx:  # As above: most often one statement.
        await keep_position(tx, rules, caller, point, body.accuracy_m, body.at)
