"""Distances, the grid, and the place that is told."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from services.dispatch.domain.places import (
    LAT_MAX,
    LAT_MIN,
    LNG_MAX,
    LNG_MIN,
    cell_of,
    cells_around,
    coarse,
    crosses_harbour,
    distance_m,
)
from shared.contracts.shapes import Point

CENTRAL = Point(lat=22.282, lng=114.158)
TSIM_SHA_TSUI = Point(lat=22.298, lng=114.172)
MONG_KOK = Point(lat=22.319, lng=114.169)

points = st.builds(
    Point,
    lat=st.floats(LAT_MIN, LAT_MAX),
    lng=st.floats(LNG_MIN, LNG_MAX),
)


def test_central_to_mong_kok_is_four_kilometres() -> None:
    assert 4_100 < distance_m(CENTRAL, MONG_KOK) < 4_400


def test_only_the_way_under_the_harbour_crosses_it() -> None:
    assert crosses_harbour(CENTRAL, TSIM_SHA_TSUI)
    assert crosses_harbour(MONG_KOK, CENTRAL)
    assert not crosses_harbour(TSIM_SHA_TSUI, MONG_KOK)


@given(points, points, st.sampled_from([500, 3_000, 12_000]))
def test_whoever_is_within_the_radius_is_within_the_cells(
    centre: Point, other: Point, radius_m: int
) -> None:
    if distance_m(centre, other) <= radius_m:
        assert cell_of(other) in cells_around(centre, radius_m)


def test_the_widest_radius_asks_for_few_cells() -> None:
    assert len(cells_around(CENTRAL, 12_000)) < 200


@given(points, st.binary(min_size=1, max_size=8))
def test_the_told_place_is_off_by_less_than_300_m_and_always_the_same(
    point: Point, order: bytes
) -> None:
    seed = hashlib.sha256(order).digest()
    told = coarse(point, seed)
    assert 80 < distance_m(point, told) < 300
    assert coarse(point, seed) == told
