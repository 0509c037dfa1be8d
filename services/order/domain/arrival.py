"""Whether a worker is where the job is: by distance, or by a code only the user knows. Pure."""

import hmac
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from services.order.domain.order import OrderState
from shared.kit.errors import Conflict
from shared.kit.states import MoveRefused

DISTANCE_MAX_M = 250
ACCURACY_MAX_M = 150  # A worse fix proves nothing; the code is asked for instead.
CODE_TRIES_MAX = 5  # Then staff make a new code.
_EARTH_RADIUS_M = 6_371_009

_S = OrderState
CHECK_IN_STATES: frozenset[OrderState] = frozenset(
    {
        _S.EN_ROUTE,
        _S.ARRIVED,
        _S.DIAGNOSING,
        _S.QUOTED,
        _S.PENDING_TOPUP,
        _S.IN_SERVICE,
        _S.VARIATION_PENDING,
    }
)
"""From the lead's departure until the work is done the crew may check in, each when they come."""


class ArrivalNotShown(Conflict):
    """The position does not show that you are there; ask the user for the start code."""


class StartCodeWrong(Conflict):
    """This is not the order's start code."""


class StartCodeLocked(Conflict):
    """Too many wrong start codes; only staff can make a new one."""


class LeadArrives(Conflict):
    """The lead of the visit arrives; checking in is for the others of the crew."""


class ArrivedBy(StrEnum):
    """How somebody showed that they are there."""

    DISTANCE = "distance"
    START_CODE = "start_code"


class Promised(Protocol):
    """A position of a crew, and what its worker promised when they took it."""

    @property
    def visit_number(self) -> int: ...
    @property
    def assigned_at(self) -> datetime | None: ...
    @property
    def promised_at(self) -> datetime | None: ...


@dataclass(frozen=True, slots=True)
class Fix:
    """Where a phone says it is, and how sure it is of that."""

    lat: float
    lng: float
    accuracy_m: float


@dataclass(frozen=True, slots=True)
class Proof:
    """What showed that somebody is there."""

    by: ArrivedBy
    distance_m: int | None = None  # From the stop, where the fix was believed.


@dataclass(frozen=True, slots=True)
class Arrival:
    """How an arrival went. Without an instant the start code was wrong, and the try was counted."""

    arrived_at: datetime | None
    arrived_by: ArrivedBy | None
    tries_left: int


def distance_m(lat: float, lng: float, other_lat: float, other_lng: float) -> int:
    """Metres between two points along the ground."""
    phi, other_phi = math.radians(lat), math.radians(other_lat)
    half = math.sin((other_phi - phi) / 2) ** 2
    half += math.cos(phi) * math.cos(other_phi) * math.sin(math.radians(other_lng - lng) / 2) ** 2
    return round(2 * _EARTH_RADIUS_M * math.asin(math.sqrt(min(1.0, half))))


def check_fix(fix: Fix, stop_lat: float, stop_lng: float) -> int:
    """How many metres from the stop a good fix near it is. Raises ArrivalNotShown."""
    away_m = distance_m(fix.lat, fix.lng, stop_lat, stop_lng)
    if fix.accuracy_m > ACCURACY_MAX_M:
        raise ArrivalNotShown(reason="inaccurate", accuracy_m=fix.accuracy_m, max_m=ACCURACY_MAX_M)
    if away_m > DISTANCE_MAX_M:
        raise ArrivalNotShown(reason="too_far", distance_m=away_m, max_m=DISTANCE_MAX_M)
    return away_m


def is_start_code(said: str, code: str, tries: int) -> bool:
    """Whether the user told the worker this code. Raises StartCodeLocked after too many tries."""
    if tries >= CODE_TRIES_MAX:
        raise StartCodeLocked("Ask staff for a new start code.", tries_max=CODE_TRIES_MAX)
    return hmac.compare_digest(said.encode(), code.encode())


def proof_of(
    shown: Fix | str, stop_lat: float, stop_lng: float, code: str, tries: int
) -> Proof | None:
    """What a fix or a start code proves; None for a wrong code, a try that is to be counted.

    Raises ArrivalNotShown, StartCodeLocked.
    """
    if isinstance(shown, Fix):
        return Proof(ArrivedBy.DISTANCE, check_fix(shown, stop_lat, stop_lng))
    return Proof(ArrivedBy.START_CODE) if is_start_code(shown, code, tries) else None


def expected_at(starts_at: datetime, lead: Promised, crew: Sequence[Promised]) -> datetime:
    """When the lead is to be there: at the start, or when they promised to be if that is later.

    The lead sets out when the crew is complete, so that the drive they promised counts from then.
    """
    if lead.assigned_at is None or lead.promised_at is None:
        return starts_at
    drive = lead.promised_at - lead.assigned_at
    here = [seat.assigned_at for seat in crew if seat.visit_number == lead.visit_number]
    complete_at = max(at for at in here if at is not None)
    return max(starts_at, complete_at + drive)


def check_in_open(state: OrderState) -> None:
    """Whether the crew may check in now. Raises MoveRefused."""
    if state not in CHECK_IN_STATES:
        raise MoveRefused(f"Nobody checks in when {state}.", move="check_in", state=state)
