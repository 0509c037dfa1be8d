"""HTTP for the photos of a job: taken by its crew, looked at by user, crew and staff."""

import dataclasses
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict

from services.order.api.uploads import FORM_SCHEMA, read_upload
from services.order.domain.evidence import (
    EvidenceStage,
    PhotoInvalid,
    PhotoKnown,
    PhotoNotFound,
    PhotosTooMany,
    StageNotNow,
    object_name,
)
from services.order.domain.job import JobClosed, NotInCrew, is_open_to_crew
from services.order.domain.ports import PhotoStore
from services.order.domain.refusals import OrderNotFound
from services.order.storage.evidence import Evidence, evidence_of, open_photo, photos_of
from services.order.storage.orders import Order, current_visit, order_of
from services.order.use_cases.add_evidence import add_evidence
from shared.contracts.ids import OrderId
from shared.kit.caller import Caller, Role
from shared.kit.errors import Unavailable
from shared.kit.ids import shard_of
from shared.kit.once import RequestStillRunning, RequestUndone
from shared.kit.session import Begin, Transaction
from shared.kit.web import (
    BeginDep,
    OnceDep,
    StaffCaller,
    UserCaller,
    WorkerCaller,
    port,
    problems,
)
from shared.privacy.sealing import Erased

job_router = APIRouter(prefix="/jobs/{order_id}/evidence", tags=["jobs"])
order_router = APIRouter(prefix="/orders/{order_id}/evidence", tags=["orders"])
staff_router = APIRouter(prefix="/staff/order/orders/{order_id}/evidence", tags=["staff: orders"])

StoreDep = Annotated[PhotoStore, Depends(port("photos"))]


class EvidenceView(BaseModel):
    """A photo of a job; `sha256` is of the picture as it is kept and shown."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    stage: EvidenceStage
    angle: str
    position: int
    taken_at: datetime
    sha256: str
    width: int
    height: int


class Comparison(BaseModel):
    """The newest photos from one angle before and after the work."""

    angle: str
    before: UUID
    after: UUID


class EvidenceList(BaseModel):
    """All photos of an order, oldest first; there are 60 at most."""

    photos: list[EvidenceView]
    comparisons: list[Comparison]


class Jpeg(Response):
    """A picture."""

    media_type = "image/jpeg"


SIGHTS = problems(OrderNotFound, PhotoNotFound, Erased, Unavailable)
CREW_SIGHTS = problems(OrderNotFound, PhotoNotFound, JobClosed, Erased, Unavailable)


@job_router.post(
    "",
    status_code=201,
    responses=problems(
        OrderNotFound,
        NotInCrew,
        PhotoInvalid,
        StageNotNow,
        PhotoKnown,
        PhotosTooMany,
        RequestStillRunning,
        RequestUndone,
        Unavailable,
    ),
    openapi_extra=FORM_SCHEMA,
)
async def post_evidence(
    order_id: UUID, request: Request, caller: WorkerCaller, once: OnceDep, store: StoreDep
) -> EvidenceView:
    """Send a photo: `before` when you have arrived, `during` and `after` while at work.

    It is turned upright, scaled to 2560 pixels at most, freed of what the camera noted in it, and
    sealed before it is stored.
    """
    upload = await read_upload(request)
    once.request = dataclasses.replace(once.request, fingerprint=upload.fingerprint)
    return await once.in_steps(
        EvidenceView, add_evidence, _kept, store, caller, OrderId(order_id), upload.shot
    )


async def _kept(tx: Transaction, evidence_id: UUID) -> Evidence:
    """The answer for an upload that ended before."""
    found = await tx.session.get(Evidence, (shard_of(evidence_id), evidence_id))
    if found is None:
        raise RequestUndone("Send the photo again with a new key.")
    return found


@job_router.get("", responses=problems(OrderNotFound, JobClosed))
async def get_job_evidence(order_id: UUID, caller: WorkerCaller, begin: BeginDep) -> EvidenceList:
    """The photos of your job, until 24 hours after the visit."""
    return await _list(begin, caller, order_id)


@job_router.get("/{evidence_id}", response_class=Jpeg, responses=CREW_SIGHTS)
async def get_job_photo(
    order_id: UUID, evidence_id: UUID, caller: WorkerCaller, begin: BeginDep, store: StoreDep
) -> Response:
    """One picture of your job, until 24 hours after the visit; each look is recorded."""
    return await _picture(begin, store, caller, order_id, evidence_id)


@order_router.get("", responses=problems(OrderNotFound))
async def get_order_evidence(order_id: UUID, caller: UserCaller, begin: BeginDep) -> EvidenceList:
    """The photos that the crew took of your order, and before and after side by side."""
    return await _list(begin, caller, order_id)


@order_router.get("/{evidence_id}", response_class=Jpeg, responses=SIGHTS)
async def get_order_photo(
    order_id: UUID, evidence_id: UUID, caller: UserCaller, begin: BeginDep, store: StoreDep
) -> Response:
    """One picture of your order; each look is recorded."""
    return await _picture(begin, store, caller, order_id, evidence_id)


@staff_router.get("", responses=problems(OrderNotFound))
async def get_evidence_as_staff(
    order_id: UUID, caller: StaffCaller, begin: BeginDep
) -> EvidenceList:
    """The photos of an order with the hash of each, e.g. to judge a complaint."""
    return await _list(begin, caller, order_id)


@staff_router.get("/{evidence_id}", response_class=Jpeg, responses=SIGHTS)
async def get_photo_as_staff(
    order_id: UUID, evidence_id: UUID, caller: StaffCaller, begin: BeginDep, store: StoreDep
) -> Response:
    """One picture of an order. It shows somebody's home: each look is recorded with your name."""
    return await _picture(begin, store, caller, order_id, evidence_id)


async def _visible(tx: Transaction, caller: Caller, order_id: UUID) -> Order:
    """The order, if its photos may be seen. Raises OrderNotFound, JobClosed."""
    order = await order_of(tx, caller, order_id)
    if caller.role is Role.WORKER:
        visit = await current_visit(tx, order)
        if not is_open_to_crew(order.state, visit.ended_at, tx.now):
            raise JobClosed("The visit ended over a day ago.")
    return order


async def _list(begin: Begin, caller: Caller, order_id: UUID) -> EvidenceList:
    async with begin() as tx:
        photos = await photos_of(tx, await _visible(tx, caller, order_id))
    newest = {(photo.stage, photo.angle): photo.id for photo in photos}
    before, after = EvidenceStage.BEFORE, EvidenceStage.AFTER
    return EvidenceList(
        photos=[EvidenceView.model_validate(photo) for photo in photos],
        comparisons=[
            Comparison(angle=angle, before=newest[before, angle], after=newest[after, angle])
            for angle in sorted({photo.angle for photo in photos})
            if (before, angle) in newest and (after, angle) in newest
        ],
    )


async def _picture(
    begin: Begin, store: PhotoStore, caller: Caller, order_id: UUID, evidence_id: UUID
) -> Response:
    """Fetched between two transactions, so that none waits for the store."""
    async with begin() as tx:
        order = await _visible(tx, caller, order_id)
        evidence = await evidence_of(tx, order, evidence_id)
    sealed = await store.get(object_name(order.id, evidence.id))
    async with begin() as tx:
        return Jpeg(await open_photo(tx, caller, order, evidence, sealed))
