"""Where a worker takes jobs: a base, a radius, and districts if they choose some. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.kit.errors import Invalid

# fmt: off
DISTRICTS = frozenset({  # The 18 of Hong Kong.
    "CW", "WC", "EA", "SO", "YT", "SS", "KC", "WT", "KT",
    "KI", "TW", "TM", "YL", "NO", "TP", "ST", "SK", "IS",
})
# fmt: on
LAT_MIN, LAT_MAX = 22.13, 22.57
LNG_MIN, LNG_MAX = 113.82, 114.45
RADIUS_MIN_M, RADIUS_MAX_M = 500, 60_000


class OutsideHongKong(Invalid):
    """The point is outside Hong Kong."""


class DistrictUnknown(Invalid):
    """There is no such district; the 18 codes of Hong Kong are known."""


@dataclass(frozen=True, slots=True)
class Area:
    """A checked service area. Without districts it is everywhere within the radius."""

    lat: float
    lng: float
    radius_m: int
    districts: list[str]


def area_of(lat: float, lng: float, radius_m: int, districts: Sequence[str]) -> Area:
    """The area, its districts in order and once each. Raises OutsideHongKong, DistrictUnknown."""
    if not (LAT_MIN <= lat <= LAT_MAX and LNG_MIN <= lng <= LNG_MAX):
        raise OutsideHongKong(field="base", reason="outside Hong Kong")
    for place, code in enumerate(districts):
        if code not in DISTRICTS:
            raise DistrictUnknown(field=f"districts.{place}", reason="not a district code")
    return Area(lat, lng, radius_m, sorted(set(districts)))
