"""An offer's life: a job proposed to one worker, until it is answered or taken back. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from shared.contracts.ids import OfferId, OrderId, VisitId, WorkerId
from shared.contracts.shapes import Point
from shared.kit.caller import Role
from shared.kit.errors import Conflict, Gone, Invalid, NotFound
from shared.kit.money import Money
from shared.kit.states import Move


class OfferState(StrEnum):
    """Where an offer is."""

    OFFERED = "offered"  # The worker's turn, until it expires.
    CLAIMING = "claiming"  # Ours: the worker said yes, calendar and order are being asked.
    ACCEPTED = "accepted"  # Nobody's: the job is the worker's.
    DECLINED = "declined"  # Nobody's: the worker said no.
    EXPIRED = "expired"  # Nobody's: the worker did not answer.
    LOST = "lost"  # Nobody's: calendar or order refused.
    CANCELLED = "cancelled"  # Nobody's: the order ended.
    RELEASED = "released"  # Nobody's: the worker had the job and lost it.


_S, _SYSTEM, _WORKER = OfferState, {Role.SYSTEM}, {Role.WORKER}


# fmt: off
class OfferMove(Move):
    """Every legal change of an offer's state."""

    #         from                                    to            who may  guard
    CLAIM   = ({_S.OFFERED},                          _S.CLAIMING,  _WORKER, "in time")
    ACCEPT  = ({_S.CLAIMING},                         _S.ACCEPTED,  _SYSTEM, "booked and assigned")
    LOSE    = ({_S.CLAIMING},                         _S.LOST,      _SYSTEM, "refused by others")
    DECLINE = ({_S.OFFERED},                          _S.DECLINED,  _WORKER, "in time")
    EXPIRE  = ({_S.OFFERED},                          _S.EXPIRED,   _SYSTEM, "its time is over")
    RELEASE = ({_S.CLAIMING, _S.ACCEPTED, _S.LOST},   _S.RELEASED,  _SYSTEM, "let go by the order")
    CANCEL  = ({_S.OFFERED, _S.CLAIMING, _S.ACCEPTED}, _S.CANCELLED, _SYSTEM, "job or worker gone")
# fmt: on

OPEN = frozenset({OfferState.OFFERED, OfferState.CLAIMING})
"""A worker has at most one offer in these states."""
HOLDING = OPEN | {OfferState.ACCEPTED}
"""A position has at most one offer in these states."""
REFUSED = frozenset({OfferState.DECLINED, OfferState.RELEASED})
"""A worker with such an offer is not asked again for the same order."""


PLACE_TOLD_FOR = timedelta(hours=24)
"""How long after the end of a job its worker may still look up the exact place."""


def tells_place(state: OfferState, ended_at: datetime | None, now: datetime) -> bool:
    """Whether the worker sees the exact place: once the job is theirs, until a day after it."""
    is_past = ended_at is not None and now >= ended_at + PLACE_TOLD_FOR
    return state is OfferState.ACCEPTED and not is_past


class DeclineReason(StrEnum):
    """Why a worker says no; it teaches the matching."""

    TOO_FAR = "too_far"
    UNAVAILABLE = "unavailable"
    MISSING_EQUIPMENT = "missing_equipment"
    PAY_TOO_LOW = "pay_too_low"
    OTHER = "other"


class OfferNotFound(NotFound):
    """There is no such offer, or it was not made to you."""


class OfferExpired(Gone):
    """The time to answer this offer is over."""


class PromiseTooLate(Invalid):
    """You promise to be there later than the job can wait; come sooner, or decline."""


class OfferLost(Conflict):
    """You accepted, but the job or the time in your calendar was gone already."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A worker's yes, as calendar and order are asked about it; repeated with the same id."""

    offer_id: OfferId
    order_id: OrderId
    visit_id: VisitId
    position: int
    worker_id: WorkerId
    starts_at: datetime
    ends_at: datetime
    promised_at: datetime  # When the worker said they would be there; the same each time.


@dataclass(frozen=True, slots=True)
class Answer:
    """An offer after the worker has answered it; the exact place only when the job is theirs."""

    id: OfferId
    state: OfferState
    order_id: OrderId
    visit_id: VisitId
    position: int
    starts_at: datetime
    ends_at: datetime
    net_pay: Money
    promised_eta_seconds: int | None
    point: Point | None
