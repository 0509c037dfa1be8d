"""Shapes that several events share."""

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from shared.contracts.ids import VisitId, WorkerId
from shared.kit.money import Money


class Shape(BaseModel):
    """A part of an event; frozen, and unknown fields are ignored so that it can grow."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Urgency(StrEnum):
    """How soon a job must begin; decides offer times and the search deadline."""

    RESCUE = "rescue"
    SAME_DAY = "same_day"
    SCHEDULED = "scheduled"


class Funder(StrEnum):
    """Who bears a discount."""

    PLATFORM = "platform"
    WORKER = "worker"


class Discount(Shape):
    """What one benefit takes off the list price."""

    code: str
    amount: Money
    funder: Funder


class Point(Shape):
    """A place in WGS-84 degrees."""

    lat: float
    lng: float


class Stop(Shape):
    """Where a visit goes: a point and its district; address lines are never in an event."""

    kind: str  # site, pick_up, drop_off
    point: Point
    district: str  # One of the 18 codes of the catalogue, e.g. "ST".


class PositionSpec(Shape):
    """One worker's place in the crew of a visit; number 1 is the lead."""

    number: int
    weight: int  # The share of the pay, relative to the other positions.
    skill: str
    level: int  # The lowest level that may take it, 1 to 5.


class VisitSpec(Shape):
    """One coming on site."""

    visit_id: VisitId
    number: int
    starts_at: datetime
    ends_at: datetime
    stops: list[Stop]
    positions: list[PositionSpec]


class PositionPay(Shape):
    """What the worker of one position gets, after commission."""

    visit_number: int
    position: int
    net: Money


class Crew(Shape):
    """Who holds a position of a visit, and whether they came."""

    visit_id: VisitId
    visit_number: int
    position: int
    worker_id: WorkerId
    worked: bool = False
