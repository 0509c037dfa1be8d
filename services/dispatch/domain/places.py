"""Places in Hong Kong: distance, the grid that finds who is near, and where a place is not told.

Pure: no I/O, no clock.
"""

import math
from functools import lru_cache

from shared.contracts.shapes import Point

LAT_MIN, LAT_MAX = 22.13, 22.57
LNG_MIN, LNG_MAX = 113.82, 114.45
EARTH_M = 6_371_008.8
CELL_DEGREES = 0.02  # Some 2.2 km by 2.05 km.
CELL_COLUMNS = 1_000
COARSE_MIN_M, COARSE_MAX_M = 100.0, 280.0
ROUNDED_TO_M = 500

# The town-weighted middle of each district (WGS-84), and the side of the harbour it lies on.
_DISTRICTS: dict[str, tuple[float, float, str]] = {
    "CW": (22.282, 114.150, "HKI"),
    "WC": (22.276, 114.176, "HKI"),
    "EA": (22.280, 114.222, "HKI"),
    "SO": (22.245, 114.165, "HKI"),
    "YT": (22.311, 114.171, "KLN"),
    "SS": (22.331, 114.160, "KLN"),
    "KC": (22.322, 114.187, "KLN"),
    "WT": (22.342, 114.197, "KLN"),
    "KT": (22.312, 114.226, "KLN"),
    "KI": (22.356, 114.117, "NT"),
    "TW": (22.371, 114.113, "NT"),
    "TM": (22.391, 113.976, "NT"),
    "YL": (22.445, 114.022, "NT"),
    "NO": (22.500, 114.131, "NT"),
    "TP": (22.450, 114.168, "NT"),
    "ST": (22.383, 114.190, "NT"),
    "SK": (22.314, 114.262, "NT"),
    "IS": (22.288, 113.942, "NT"),
}


def distance_m(a: Point, b: Point) -> float:
    """The great-circle distance in metres."""
    lat_a, lat_b = math.radians(a.lat), math.radians(b.lat)
    half_lat, half_lng = (lat_b - lat_a) / 2, math.radians(b.lng - a.lng) / 2
    h = math.sin(half_lat) ** 2 + math.cos(lat_a) * math.cos(lat_b) * math.sin(half_lng) ** 2
    return 2 * EARTH_M * math.asin(math.sqrt(h))


@lru_cache(4_096)  # A round asks of the job's place once a worker, and of theirs once a round.
def is_on_island(point: Point) -> bool:
    """Whether a place lies on Hong Kong Island, by the nearest district's middle."""

    def squared(district: tuple[float, float, str]) -> float:
        lat, lng, _ = district
        return (lat - point.lat) ** 2 + (0.926 * (lng - point.lng)) ** 2

    return min(_DISTRICTS.values(), key=squared)[2] == "HKI"


def crosses_harbour(a: Point, b: Point) -> bool:
    """Whether the way between two places goes under the harbour."""
    return is_on_island(a) != is_on_island(b)


def cell_of(point: Point) -> int:
    """The cell of a fixed grid that a place lies in."""
    return _cell(_row(point.lat), _column(point.lng))


def cells_around(point: Point, radius_m: float) -> list[int]:
    """All cells that a circle may touch."""
    up = math.degrees(radius_m / EARTH_M)
    aside = up / math.cos(math.radians(point.lat))
    rows = range(_row(point.lat - up), _row(point.lat + up) + 1)
    columns = range(_column(point.lng - aside), _column(point.lng + aside) + 1)
    return [_cell(row, column) for row in rows for column in columns]


def coarse(point: Point, seed: bytes) -> Point:
    """A place within 300 m, always the same for the same seed: repeated looks tell no more."""
    angle = 2 * math.pi * int.from_bytes(seed[:4]) / 2**32
    share = int.from_bytes(seed[4:8]) / 2**32
    away_m = COARSE_MIN_M + (COARSE_MAX_M - COARSE_MIN_M) * share
    up = math.degrees(away_m * math.cos(angle) / EARTH_M)
    aside = math.degrees(away_m * math.sin(angle) / EARTH_M) / math.cos(math.radians(point.lat))
    return Point(lat=round(point.lat + up, 4), lng=round(point.lng + aside, 4))


def rounded_m(metres: float) -> int:
    """To the next half kilometre: exact distances from three places would give a place away."""
    return max(ROUNDED_TO_M, round(metres / ROUNDED_TO_M) * ROUNDED_TO_M)


def _row(lat: float) -> int:
    return math.floor(lat / CELL_DEGREES)


def _column(lng: float) -> int:
    return math.floor(lng / CELL_DEGREES) - 5_000


def _cell(row: int, column: int) -> int:
    return row * CELL_COLUMNS + column
