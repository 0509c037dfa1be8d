"""How an order is shown: in a list, whole, and over time."""

from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from pydantic import BaseModel, ConfigDict

from services.order.domain.order import BUILT, OrderMove, OrderState
from services.order.domain.stops import StopKind
from services.order.domain.tabs import shows_code
from services.order.storage.history import OrderHistory
from services.order.storage.orders import Order
from services.order.storage.whole import SeatSeen, StopSeen, VisitSeen, WholeOrder
from shared.contracts.shapes import Discount, Point, Urgency
from shared.kit.caller import Caller, Role
from shared.kit.money import Money
from shared.kit.session import Transaction
from shared.privacy.sealing import Erased, unseal


class OrderSummary(BaseModel):
    """An order in a list."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    number: str
    state: OrderState
    category: str
    offering_id: UUID
    offering_name: dict[str, str]
    urgency: Urgency
    list_price: Money
    payable: Money
    placed_at: datetime
    pay_until: datetime
    escalated_at: datetime | None
    case_open: bool


class OrderPage(BaseModel):
    """Newest first; ``next_cursor`` fetches what is older, None at the end."""

    items: list[OrderSummary]
    next_cursor: UUID | None


class BlockLines(BaseModel):
    """An address down to the block, which is all that is shown without being asked for."""

    estate: str
    building: str
    block: str


class FullLines(BlockLines):
    """An address down to the door."""

    floor: str
    flat: str


class StopView(BaseModel):
    """A place that the visit goes to."""

    id: UUID
    number: int
    kind: StopKind
    point: Point
    district: str
    has_lift: bool
    steps: int
    lines: BlockLines | None  # None once the person was forgotten.


class WorkerView(BaseModel):
    """Who holds a position, as far as the user may know them."""

    id: UUID
    display_name: str | None  # Masked, "陳**"; None until the profile has come.


class PositionView(BaseModel):
    """A place in the crew; number 1 is the lead."""

    number: int
    skill: str
    level: int
    worker: WorkerView | None
    assigned_at: datetime | None
    promised_at: datetime | None  # When they said they would be there.
    arrived_at: datetime | None


class VisitView(BaseModel):
    """One coming on site."""

    id: UUID
    number: int
    starts_at: datetime
    ends_at: datetime
    departed_at: datetime | None
    arrived_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    stops: list[StopView]
    positions: list[PositionView]


class OrderDetail(OrderSummary):
    """The whole order."""

    lines: list[dict[str, Any]]
    discounts: list[Discount]
    visits: list[VisitView]
    equipment: str
    paid_at: datetime | None
    search_until: datetime | None
    completed_at: datetime | None
    accept_until: datetime | None
    accepted_at: datetime | None
    cancelled_at: datetime | None
    cancel_reason: str | None
    refunded: Money
    start_code: str | None  # For the user to tell the crew; until the start, or all have come.
    allowed_moves: list[str]  # What the caller's role may do now.


class TimelineEntry(BaseModel):
    """One thing that happened to the order."""

    model_config = ConfigDict(from_attributes=True)

    number: int
    at: datetime
    what: str
    role: Role
    before: OrderState | None
    after: OrderState
    reason: str


class StaffTimelineEntry(TimelineEntry):
    """As staff see it: with who it was, the facts and what caused it."""

    actor: UUID
    facts: dict[str, Any]
    correlation: str


class Timeline(BaseModel):
    """What happened to the order, oldest first; ``state`` is where it led."""

    order_id: UUID
    state: OrderState
    entries: list[TimelineEntry]


async def detail_of(tx: Transaction, order: WholeOrder, caller: Caller) -> OrderDetail:
    """The order with its visits, for its user or for staff."""
    shown = {stop.id: await stop_view(tx, order, stop) for stop in order.stops}
    shows = caller.role is Role.USER and shows_code(order.state, order.seats, order.visit_number)
    moves = OrderMove.allowed_from(order.state, caller.role)
    built = {move.label for move in BUILT}
    return OrderDetail(
        **OrderSummary.model_validate(order).model_dump(),
        lines=order.lines,
        discounts=[Discount.model_validate(discount) for discount in order.discounts],
        visits=[
            _visit(
                visit,
                [shown[stop.id] for stop in order.stops if stop.visit_id == visit.id],
                [_position(seat) for seat in order.seats if seat.visit_id == visit.id],
            )
            for visit in order.visits
        ],
        equipment=order.equipment,
        paid_at=order.paid_at,
        search_until=order.search_until,
        completed_at=order.completed_at,
        accept_until=order.accept_until,
        accepted_at=order.accepted_at,
        cancelled_at=order.cancelled_at,
        cancel_reason=order.cancel_reason,
        refunded=Money(order.refunded_minor, order.payable.currency),
        start_code=order.start_code if shows else None,
        allowed_moves=[move for move in moves if move in built],
    )


def _visit(visit: VisitSeen, stops: list[StopView], positions: list[PositionView]) -> VisitView:
    return VisitView(
        id=visit.id,
        number=visit.number,
        starts_at=visit.starts_at,
        ends_at=visit.ends_at,
        departed_at=visit.departed_at,
        arrived_at=visit.arrived_at,
        started_at=visit.started_at,
        ended_at=visit.ended_at,
        stops=stops,
        positions=positions,
    )


def _position(seat: SeatSeen) -> PositionView:
    worker = None
    if seat.worker_id is not None:
        worker = WorkerView(id=seat.worker_id, display_name=seat.display_name)
    return PositionView(
        number=seat.number,
        skill=seat.skill,
        level=seat.level,
        worker=worker,
        assigned_at=seat.assigned_at,
        promised_at=seat.promised_at,
        arrived_at=seat.arrived_at,
    )


async def stop_view(tx: Transaction, order: WholeOrder, stop: StopSeen) -> StopView:
    """A stop with its address masked: block level, chosen by columns."""
    lines = None
    try:
        text = await unseal(tx, order.user_id, "stops.lines", stop.id, stop.lines)
        full = orjson.loads(text)
        lines = BlockLines(estate=full["estate"], building=full["building"], block=full["block"])
    except Erased:
        pass
    return StopView(
        id=stop.id,
        number=stop.number,
        kind=StopKind(stop.kind),
        point=Point(lat=stop.lat, lng=stop.lng),
        district=stop.district,
        has_lift=stop.has_lift,
        steps=stop.steps,
        lines=lines,
    )


def timeline_of(order: Order, history: list[OrderHistory]) -> Timeline:
    """The user's timeline."""
    entries = [TimelineEntry.model_validate(row) for row in history]
    return Timeline(order_id=order.id, state=order.state, entries=entries)
