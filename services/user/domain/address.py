"""A Hong Kong address: where a job is, and how hard it is to get there."""

from dataclasses import dataclass
from enum import StrEnum

from shared.kit.errors import Conflict, Invalid, NotFound

ADDRESSES_MAX = 50  # An account's; more is no address book.
LINE_MAX, NOTE_MAX, STEPS_MAX = 80, 200, 2_000
LAT_MIN, LAT_MAX = 22.13, 22.57
LNG_MIN, LNG_MAX = 113.82, 114.45


class Region(StrEnum):
    """The three parts of Hong Kong that people name first."""

    HONG_KONG_ISLAND = "HKI"
    KOWLOON = "KLN"
    NEW_TERRITORIES = "NT"


class District(StrEnum):
    """The eighteen districts."""

    CENTRAL_AND_WESTERN = "CW"
    WAN_CHAI = "WC"
    EASTERN = "EA"
    SOUTHERN = "SO"
    YAU_TSIM_MONG = "YT"
    SHAM_SHUI_PO = "SS"
    KOWLOON_CITY = "KC"
    WONG_TAI_SIN = "WT"
    KWUN_TONG = "KT"
    KWAI_TSING = "KI"
    TSUEN_WAN = "TW"
    TUEN_MUN = "TM"
    YUEN_LONG = "YL"
    NORTH = "NO"
    TAI_PO = "TP"
    SHA_TIN = "ST"
    SAI_KUNG = "SK"
    ISLANDS = "IS"


_ISLAND = {District(code) for code in ("CW", "WC", "EA", "SO")}
_KOWLOON = {District(code) for code in ("YT", "SS", "KC", "WT", "KT")}


class AddressNotFound(NotFound):
    """There is no such address, or it is not yours."""


class AddressInvalid(Invalid):
    """The address breaks a rule; ``field`` and ``reason`` say which."""


class TooManyAddresses(Conflict):
    """The address book is full; remove one first."""


@dataclass(frozen=True, slots=True)
class Place:
    """The address down to the block, as it may be shown before a worker is assigned."""

    estate: str
    building: str
    block: str
    label: str  # The person's own word for it: "home".


@dataclass(frozen=True, slots=True)
class Unit:
    """What leads to the door; only the owner and whoever does the job read it."""

    floor: str
    flat: str
    parking_note: str


@dataclass(frozen=True, slots=True)
class AddressDetails:
    """Everything a person says about an address."""

    lat: float
    lng: float
    district: District
    place: Place
    unit: Unit
    has_lift: bool
    steps: int  # Stairs between the road and the door.


def region_of(district: District) -> Region:
    """The region that a district lies in."""
    if district in _ISLAND:
        return Region.HONG_KONG_ISLAND
    return Region.KOWLOON if district in _KOWLOON else Region.NEW_TERRITORIES


def check_address(details: AddressDetails, region: Region | None) -> None:
    """Hold an address to the rules of Hong Kong. Raises AddressInvalid."""
    if not LAT_MIN <= details.lat <= LAT_MAX:
        raise AddressInvalid(field="point.lat", reason=f"between {LAT_MIN} and {LAT_MAX}")
    if not LNG_MIN <= details.lng <= LNG_MAX:
        raise AddressInvalid(field="point.lng", reason=f"between {LNG_MIN} and {LNG_MAX}")
    lies_in = region_of(details.district)
    if region is not None and region is not lies_in:
        raise AddressInvalid(field="region", reason=f"{details.district} lies in {lies_in}")
    if not (details.place.estate or details.place.building):
        raise AddressInvalid(field="building", reason="name an estate or a building")
