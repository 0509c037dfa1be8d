"""How a job is shown to its crew."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from pydantic import BaseModel, ConfigDict

from services.order.api.order_views import BlockLines, FullLines
from services.order.domain.arrival import CODE_TRIES_MAX
from services.order.domain.job import COARSE_DECIMALS, held_by, is_open_to_crew, lead_of
from services.order.domain.order import BUILT, OrderMove, OrderState
from services.order.domain.stops import StopKind
from services.order.storage.jobs import Job, net_pay
from services.order.storage.whole import SeatSeen, StopSeen, WholeOrder
from shared.contracts.shapes import Point, Urgency
from shared.kit.caller import Caller
from shared.kit.money import Money
from shared.kit.session import Transaction
from shared.privacy.sealing import Erased, reveal, unseal


class JobMovedView(BaseModel):
    """The order after a step of its job."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    number: str
    state: OrderState


class JobCompletedView(JobMovedView):
    """A job that waits for the user's acceptance."""

    completed_at: datetime
    accept_until: datetime


class JobSummary(BaseModel):
    """A job in a worker's list."""

    order_id: UUID
    number: str
    state: OrderState
    category: str
    offering_name: dict[str, str]
    urgency: Urgency
    starts_at: datetime
    ends_at: datetime
    position: int  # Number 1 is the lead.
    net_pay: Money | None  # After commission.


class JobPage(BaseModel):
    """Newest first; ``next_cursor`` fetches what is older, None at the end."""

    items: list[JobSummary]
    next_cursor: UUID | None


class JobStopView(BaseModel):
    """A place the crew goes to; coarse, and down to the block, when it is no longer their job."""

    number: int
    kind: StopKind
    point: Point
    district: str
    has_lift: bool
    steps: int
    lines: FullLines | BlockLines | None  # None once the user was forgotten.


class CrewView(BaseModel):
    """A place in the crew."""

    position: int
    skill: str
    display_name: str | None  # Masked, "陳**".
    is_you: bool
    promised_at: datetime | None  # When they said they would be there.
    arrived_at: datetime | None


class JobDetail(JobSummary):
    """A job as one of its crew sees it."""

    equipment: str
    is_lead: bool
    door_shown: bool  # Whether the stops are exact and down to the door.
    departed_at: datetime | None
    arrived_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    accept_until: datetime | None
    start_code_tries_left: int
    stops: list[JobStopView]
    crew: list[CrewView]
    checklist: list[dict[str, Any]]
    allowed_moves: list[str]  # What you may do now.


def summary_of(job: Job) -> JobSummary:
    """One line of the list."""
    order = job.order
    return JobSummary(
        order_id=order.id,
        number=order.number,
        state=order.state,
        category=order.category,
        offering_name=order.offering_name,
        urgency=order.urgency,
        starts_at=job.visit.starts_at,
        ends_at=job.visit.ends_at,
        position=job.position.number,
        net_pay=net_pay(order, job.position),
    )


async def job_of(tx: Transaction, order: WholeOrder, caller: Caller) -> JobDetail:
    """The job for one of its crew; each sight of a door is recorded. Raises NotInCrew."""
    own = held_by(caller, order.seats, order.visit_number)
    [visit] = [visit for visit in order.visits if visit.number == order.visit_number]
    is_lead = own is lead_of(order.seats, order.visit_number)
    is_open = is_open_to_crew(order.state, visit.ended_at, tx.now)
    stops = [stop for stop in order.stops if stop.visit_id == visit.id]
    return JobDetail(
        **summary_of(Job(order, visit, own)).model_dump(),
        equipment=order.equipment,
        is_lead=is_lead,
        door_shown=is_open,
        departed_at=visit.departed_at,
        arrived_at=visit.arrived_at,
        started_at=visit.started_at,
        ended_at=visit.ended_at,
        accept_until=order.accept_until,
        start_code_tries_left=max(0, CODE_TRIES_MAX - order.start_tries),
        stops=[await _stop(tx, order, stop, caller, is_open) for stop in stops],
        crew=_crew([seat for seat in order.seats if seat.visit_id == visit.id], caller),
        checklist=order.checklist,
        allowed_moves=_allowed(order, caller, is_lead),
    )


def _crew(seats: Sequence[SeatSeen], caller: Caller) -> list[CrewView]:
    return [
        CrewView(
            position=seat.number,
            skill=seat.skill,
            display_name=seat.display_name,
            is_you=seat.worker_id == caller.id,
            promised_at=seat.promised_at,
            arrived_at=seat.arrived_at,
        )
        for seat in seats
    ]


async def _stop(
    tx: Transaction, order: WholeOrder, stop: StopSeen, caller: Caller, is_open: bool
) -> JobStopView:
    digits = 15 if is_open else COARSE_DECIMALS
    return JobStopView(
        number=stop.number,
        kind=StopKind(stop.kind),
        point=Point(lat=round(stop.lat, digits), lng=round(stop.lng, digits)),
        district=stop.district,
        has_lift=stop.has_lift,
        steps=stop.steps,
        lines=await _lines(tx, order, stop, caller, is_open),
    )


async def _lines(
    tx: Transaction, order: WholeOrder, stop: StopSeen, caller: Caller, is_open: bool
) -> FullLines | BlockLines | None:
    sealed = (order.user_id, "stops.lines", stop.id, stop.lines)
    try:
        if is_open:
            why = "the crew finds the door of its job"
            return FullLines.model_validate_json(await reveal(tx, caller, why, *sealed))
        known = orjson.loads(await unseal(tx, *sealed))
    except Erased:
        return None
    return BlockLines(estate=known["estate"], building=known["building"], block=known["block"])


def _allowed(order: WholeOrder, caller: Caller, is_lead: bool) -> list[str]:
    built = {move.label for move in BUILT}
    own = {OrderMove.WORKER_CANCEL.label}  # The only move that is not the lead's alone.
    moves = OrderMove.allowed_from(order.state, caller.role)
    return [move for move in moves if move in built and (is_lead or move in own)]
