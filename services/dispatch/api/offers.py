"""HTTP for a worker's offers."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field, StrictInt

from services.dispatch.domain.offer import (
    DeclineReason,
    OfferExpired,
    OfferLost,
    OfferNotFound,
    OfferState,
    PromiseTooLate,
    tells_place,
)
from services.dispatch.domain.places import rounded_m
from services.dispatch.domain.ports import Assignments, Calendar
from services.dispatch.domain.search import SearchRules
from services.dispatch.storage.offers import Sheet, answer_to_claim, offers_to, place_told
from services.dispatch.use_cases.accept_offer import accept_offer
from services.dispatch.use_cases.decline_offer import decline_offer
from shared.contracts.shapes import Point, Urgency
from shared.kit.money import Money
from shared.kit.once import KeyUsedForAnotherRequest, RequestStillRunning, RequestUndone
from shared.kit.states import MoveForbidden, MoveRefused
from shared.kit.web import (
    IdempotencyKeyMissing,
    OnceDep,
    ReadDep,
    WorkerCaller,
    port,
    problems,
)

router = APIRouter(tags=["offers"])
RulesDep = Annotated[SearchRules, Depends(port("rules"))]
CalendarDep = Annotated[Calendar, Depends(port("calendar"))]
AssignmentsDep = Annotated[Assignments, Depends(port("assignments"))]

COARSE_M = 300
_ONCE = (IdempotencyKeyMissing, KeyUsedForAnotherRequest, RequestStillRunning)


class PlaceView(BaseModel):
    lat: float
    lng: float
    accuracy_m: int  # How far off it may be: the exact place is told after accepting.
    district: str


class OfferView(BaseModel):
    """What a worker decides by."""

    id: UUID
    state: OfferState
    order_id: UUID
    visit_id: UUID
    position: int
    category: str
    offering_id: UUID
    offering_name: dict[str, str]
    urgency: Urgency
    equipment: str
    net_pay: Money
    distance_m: int
    eta_seconds: int
    duration_seconds: int
    place: PlaceView
    starts_at: datetime
    ends_at: datetime
    offered_at: datetime
    expires_at: datetime

    @classmethod
    def of(cls, sheet: Sheet, now: datetime) -> Self:
        exact = tells_place(sheet.state, sheet.ended_at, now)
        point = sheet.exact if exact else sheet.coarse
        return cls(
            id=sheet.id,
            state=sheet.state,
            order_id=sheet.order_id,
            visit_id=sheet.visit_id,
            position=sheet.position,
            category=sheet.category,
            offering_id=sheet.offering_id,
            offering_name=sheet.offering_name,
            urgency=sheet.urgency,
            equipment=sheet.equipment,
            net_pay=sheet.net,
            distance_m=sheet.distance_m if exact else rounded_m(sheet.distance_m),
            eta_seconds=sheet.eta_seconds,
            duration_seconds=int((sheet.ends_at - sheet.starts_at).total_seconds()),
            place=PlaceView(
                lat=point.lat,
                lng=point.lng,
                accuracy_m=0 if exact else COARSE_M,
                district=sheet.district,
            ),
            starts_at=sheet.starts_at,
            ends_at=sheet.ends_at,
            offered_at=sheet.offered_at,
            expires_at=sheet.expires_at,
        )


class OfferPage(BaseModel):
    items: list[OfferView]
    next_cursor: UUID | None  # Ask with it for the next page; null at the end.


class AcceptRequest(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"eta_seconds": 900}})

    eta_seconds: StrictInt = Field(ge=0, le=86_400)  # What the worker promises.


class DeclineRequest(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"reason": "too_far"}})

    reason: DeclineReason


class AnswerView(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    state: OfferState
    order_id: UUID
    visit_id: UUID
    position: int
    starts_at: datetime
    ends_at: datetime
    net_pay: Money
    promised_eta_seconds: int | None
    point: Point | None  # The exact place, once the job is the worker's.


@router.get("/workers/me/offers")
async def get_offers(
    caller: WorkerCaller,
    read: ReadDep,
    only_open: bool = True,
    cursor: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> OfferPage:
    """Your offers, newest first: the one to answer now, or with `only_open=false` all of them.

    Until a job is yours, and again from a day after its end, `place` and `distance_m` are rough.
    `eta_seconds` always belongs to the rough distance.
    """
    async with read() as tx:
        sheets = await offers_to(tx, caller, only_open, cursor, limit + 1)
        shown = [OfferView.of(sheet, tx.now) for sheet in sheets[:limit]]
    return OfferPage(items=shown, next_cursor=shown[-1].id if len(sheets) > limit else None)


@router.post(
    "/offers/{offer_id}/accept",
    responses=problems(
        OfferNotFound,
        OfferExpired,
        OfferLost,
        PromiseTooLate,
        MoveRefused,
        MoveForbidden,
        RequestUndone,
        *_ONCE,
    ),
)
async def post_accept(
    offer_id: UUID,
    body: AcceptRequest,
    caller: WorkerCaller,
    once: OnceDep,
    read: ReadDep,
    rules: RulesDep,
    calendar: CalendarDep,
    assignments: AssignmentsDep,
) -> AnswerView:
    """Take the job and promise when you will be there. The answer is final.

    Your calendar is booked and the order assigned before it comes. `offer-lost` names in `reason`
    what stood against it, e.g. `slot-taken`. A 503 leaves the question open for some seconds: ask
    again with the same key; `point` comes again too while the place may still be looked up.

    The user is told your promise, and being late counts from it: be there by the start of the job,
    or within one and a half times the offer's `eta_seconds` and ten minutes from now. A later
    promise is refused rather than shortened, so that nobody is bound to what they did not say.
    """
    answer = await once.in_steps(
        AnswerView,
        accept_offer,
        answer_to_claim,
        rules,
        calendar,
        assignments,
        caller,
        offer_id,
        body.eta_seconds,
    )
    if answer.state is not OfferState.ACCEPTED or answer.point is not None:
        return answer
    async with read() as tx:  # A repeated answer, which is kept without it.
        return answer.model_copy(update={"point": await place_told(tx, caller, offer_id)})


@router.post(
    "/offers/{offer_id}/decline",
    responses=problems(OfferNotFound, OfferExpired, MoveRefused, MoveForbidden, *_ONCE),
)
async def post_decline(
    offer_id: UUID, body: DeclineRequest, caller: WorkerCaller, once: OnceDep
) -> AnswerView:
    """Leave the job to others; you are not asked again for this order."""
    return await once(AnswerView, decline_offer, caller, offer_id, body.reason)
