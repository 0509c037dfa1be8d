"""What an order takes over from the offering that was chosen. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.order.domain.stops import StopKind
from shared.contracts.ids import OfferingId


@dataclass(frozen=True, slots=True)
class Seat:
    """A place in the crew; number 1 is the lead."""

    number: int
    weight: int  # Share of the pay, relative to the other seats.
    skill: str
    level: int


@dataclass(frozen=True, slots=True)
class Offered:
    """The part of an offering that an order keeps as it was when ordered."""

    id: OfferingId
    category: str
    name: Mapping[str, str]
    price_version: int
    rescue: bool  # It may start at once.
    equipment: str
    duration_seconds: int
    stop_kinds: Sequence[StopKind]
    seats: Sequence[Seat]
    auto_accept_hours: int
    checklist: Sequence[Any]
