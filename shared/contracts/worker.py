"""What the worker service tells the fleet; keyed by account."""

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from shared.contracts.ids import OfferId, OrderId, VisitId, WorkerId
from shared.contracts.shapes import Point, Shape
from shared.kit.events import Event


class WorkerEvent(Event):
    """Something about one worker."""

    worker_id: WorkerId

    def key(self) -> UUID:
        return self.worker_id


class WorkerApplied(WorkerEvent):
    """A person applied to work."""

    type: ClassVar[str] = "worker.applied.v1"


class WorkerApproved(WorkerEvent):
    """Staff approved a worker, who may now take jobs."""

    type: ClassVar[str] = "worker.approved.v1"


class WorkerSuspended(WorkerEvent):
    """A worker may take no jobs until staff lift the suspension."""

    type: ClassVar[str] = "worker.suspended.v1"
    reason: str


class Skill(Shape):
    """What a worker can do, at a level from 1 to 5."""

    code: str
    level: int


class Shift(Shape):
    """Weekly working hours, Hong Kong wall clock; ``ends`` may be after midnight (22:00-06:00)."""

    weekday: int  # 0 = Monday, the day on which it starts.
    starts: str  # "HH:MM"
    ends: str  # "HH:MM"; not after ``starts`` means the next day.


class DayOff(Shape):
    """A Hong Kong calendar day without work."""

    on: date


class ProfileChanged(WorkerEvent):
    """The whole state that dispatch filters by, each time it changes.

    Credit and jobs done are as of then: what moves them later is told by credit_changed alone.
    """

    type: ClassVar[str] = "worker.profile_changed.v1"
    compacted: ClassVar[str | None] = "worker.state"
    approved: bool
    suspended: bool
    display_name: str  # Masked: "陳**".
    skills: list[Skill]
    equipment: list[str]
    districts: list[str]  # Where they work; empty means everywhere within the radius.
    base: Point
    radius_m: int
    shifts: list[Shift]
    days_off: list[DayOff]
    travel_buffer_seconds: int  # Kept free before and after each booking.
    credit: float  # 0 to 100.
    jobs_done: int


class CreditChanged(WorkerEvent):
    """The worker's credit score changed."""

    type: ClassVar[str] = "worker.credit_changed.v1"
    credit: float  # 0 to 100.
    before: float
    cause: str
    order_id: OrderId | None = None


class SlotBooked(WorkerEvent):
    """An interval of the worker's calendar is taken for a job, travel buffer included."""

    type: ClassVar[str] = "worker.slot_booked.v1"
    offer_id: OfferId
    order_id: OrderId
    visit_id: VisitId
    starts_at: datetime
    ends_at: datetime


class SlotReleased(WorkerEvent):
    """A booking ended or was taken back: from ``free_from`` on the worker is free again."""

    type: ClassVar[str] = "worker.slot_released.v1"
    offer_id: OfferId
    order_id: OrderId
    free_from: datetime
    taken_back: bool  # False when the job was worked and merely ended.
