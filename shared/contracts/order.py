"""What the order service tells the fleet; keyed by order. One event a move of the state table."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel

from shared.contracts.ids import OfferId, OfferingId, OrderId, UserId, VisitId, WorkerId
from shared.contracts.shapes import Crew, Discount, PositionPay, Urgency, VisitSpec
from shared.kit.events import Event
from shared.kit.money import Money


class OrderEvent(Event):
    """Whatever happens to an order carries enough to write a message from it alone."""

    order_id: OrderId
    user_id: UserId
    number: str  # What people read out, e.g. "JA-7K3M-92Q4".
    state: str  # The order's state after the move.
    offering_name: dict[str, str]  # By locale: zh-HK, zh-CN, en.
    crew: list[Crew] = []

    def key(self) -> UUID:
        return self.order_id


class Priced(BaseModel):
    """The money of an order: list price - discounts = payable."""

    category: str
    offering_id: OfferingId
    list_price: Money
    discounts: list[Discount]
    payable: Money
    commissionable: Money  # The base of the commission: without tolls, tips and disposal fees.


class OrderPlaced(OrderEvent, Priced):
    """A user placed an order; it waits for payment until ``pay_until``."""

    type: ClassVar[str] = "order.placed.v1"
    visits: list[VisitSpec]
    pay_until: datetime


class OrderPaid(OrderEvent, Priced):
    """The order is paid and needs workers; repeats what payment told."""

    type: ClassVar[str] = "order.paid.v1"
    commission: Money
    commission_rule: int
    pay: list[PositionPay]
    visits: list[VisitSpec]
    urgency: Urgency
    equipment: str = ""  # The class of vehicle or tool the job needs, e.g. "flatbed".
    search_until: datetime


class CancelReason(StrEnum):
    """Why an order ended before the work."""

    PAY_TIMEOUT = "pay_timeout"
    USER = "user"
    STAFF = "staff"
    NO_WORKER = "no_worker"


class OrderCancelled(OrderEvent):
    """The order ended before the work. ``fee`` stays, the rest of what was paid goes back."""

    type: ClassVar[str] = "order.cancelled.v1"
    reason: CancelReason
    was_paid: bool
    fee: Money


class OrderAssigned(OrderEvent):
    """Every position of the next visit is filled by a booked worker."""

    type: ClassVar[str] = "order.assigned.v1"
    visit_id: VisitId


class OrderReleased(OrderEvent):
    """Positions of a visit lost their workers; dispatch looks for others."""

    type: ClassVar[str] = "order.released.v1"
    visit_id: VisitId
    positions: list[int]
    workers: list[WorkerId]
    offers: list[OfferId]
    reason: str
    breach: bool  # Whether the worker broke a promise, so that it counts in their credit.


class OrderDeparted(OrderEvent):
    """The lead is on the way."""

    type: ClassVar[str] = "order.departed.v1"
    visit_id: VisitId


class OrderArrived(OrderEvent):
    """The lead has arrived, shown by distance or start code."""

    type: ClassVar[str] = "order.arrived.v1"
    visit_id: VisitId
    # After the agreed start, or after the time promised where that is later; negative when early.
    late_seconds: int


class OrderStarted(OrderEvent):
    """The work has begun."""

    type: ClassVar[str] = "order.started.v1"
    visit_id: VisitId


class OrderCompleted(OrderEvent):
    """The work is done and waits for the user's acceptance until ``accept_until``."""

    type: ClassVar[str] = "order.completed.v1"
    visit_id: VisitId
    ended_at: datetime
    accept_until: datetime


class OrderAccepted(OrderEvent):
    """The user accepted the work, or silence did; the escrow may be released."""

    type: ClassVar[str] = "order.accepted.v1"
    automatic: bool
    payable: Money


class OrderReviewed(OrderEvent):
    """The user rated the work."""

    type: ClassVar[str] = "order.reviewed.v1"
    rating: int  # 1 to 5 stars over all.
    scores: dict[str, int]  # By dimension: punctual, skill, manner, tidy, price_honesty.


class OrderCompletedUnreviewed(OrderEvent):
    """The time to review is over; no rating is made up."""

    type: ClassVar[str] = "order.completed_unreviewed.v1"
