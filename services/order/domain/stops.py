"""The places of a visit, and which of them an offering asks for. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from services.order.domain.refusals import StopsInvalid

LAT_MIN, LAT_MAX = 22.13, 22.57  # The box around Hong Kong.
LNG_MIN, LNG_MAX = 113.82, 114.45


class StopKind(StrEnum):
    """What happens at a stop."""

    SITE = "site"
    PICK_UP = "pick_up"
    DROP_OFF = "drop_off"


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of an address; floor and flat are shown only to whoever needs them."""

    estate: str = ""
    building: str = ""
    block: str = ""
    floor: str = ""
    flat: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere in Hong Kong, with the lines by which a person finds the door."""

    lat: float
    lng: float
    district: str
    lines: Lines
    address_id: UUID | None = None
    has_lift: bool = True
    steps: int = 0


def check_place(place: Place, districts: frozenset[str], field: str) -> None:
    """A place of ours lies in Hong Kong and in a district we know. Raises StopsInvalid."""
    if not (LAT_MIN <= place.lat <= LAT_MAX and LNG_MIN <= place.lng <= LNG_MAX):
        raise StopsInvalid(field=f"{field}.point", reason="is outside Hong Kong")
    if place.district not in districts:
        raise StopsInvalid(field=f"{field}.district", reason="is not one of the 18 districts")


def check_kinds(kinds: Sequence[StopKind], wanted: Sequence[StopKind]) -> None:
    """The stops are those the offering asks for, in that order. Raises StopsInvalid."""
    if list(kinds) != list(wanted):
        names = ", ".join(wanted)
        raise StopsInvalid(field="stops", reason=f"this offering needs, in order: {names}")
