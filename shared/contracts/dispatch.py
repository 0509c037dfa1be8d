"""What dispatch tells the fleet; keyed by order."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from shared.contracts.ids import OfferId, OrderId, UserId, VisitId, WorkerId
from shared.kit.events import Event
from shared.kit.money import Money


class SearchEvent(Event):
    """Something about the search for workers of one order."""

    order_id: OrderId
    user_id: UserId

    def key(self) -> UUID:
        return self.order_id


class JobOffered(SearchEvent):
    """A job was offered to a worker, who has until ``expires_at`` to answer."""

    type: ClassVar[str] = "dispatch.offered.v1"
    offer_id: OfferId
    worker_id: WorkerId
    visit_id: VisitId
    position: int
    net_pay: Money
    expires_at: datetime


class JobAssigned(SearchEvent):
    """A worker accepted, is booked and assigned."""

    type: ClassVar[str] = "dispatch.job_assigned.v1"
    offer_id: OfferId
    worker_id: WorkerId
    visit_id: VisitId
    position: int


class SearchEscalated(SearchEvent):
    """The search deadline passed without a worker; the user may wait, reschedule or be refunded."""

    type: ClassVar[str] = "dispatch.escalated.v1"
