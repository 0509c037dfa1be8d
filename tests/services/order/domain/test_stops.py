"""The places of a visit."""

import pytest

from services.order.domain.refusals import StopsInvalid
from services.order.domain.stops import Lines, Place, StopKind, check_kinds, check_place

DISTRICTS = frozenset({"YT"})


def place(lat: float = 22.3, lng: float = 114.1, district: str = "YT") -> Place:
    return Place(lat, lng, district, Lines())


@pytest.mark.parametrize(("lat", "lng"), [(22.13, 113.82), (22.57, 114.45), (22.3, 114.1)])
def test_a_place_inside_the_box_and_its_edges_is_ours(lat: float, lng: float) -> None:
    check_place(place(lat, lng), DISTRICTS, "stops.0")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (place(lat=22.12), "stops.0.point"),
        (place(lng=114.46), "stops.0.point"),
        (place(lat=float("nan")), "stops.0.point"),
        (place(district="XX"), "stops.0.district"),
    ],
)
def test_a_place_elsewhere_is_refused_by_field(wrong: Place, field: str) -> None:
    with pytest.raises(StopsInvalid) as refused:
        check_place(wrong, DISTRICTS, "stops.0")
    assert refused.value.facts["field"] == field


def test_the_stops_are_those_the_offering_asks_for_in_its_order() -> None:
    there_and_back = [StopKind.PICK_UP, StopKind.DROP_OFF]
    check_kinds(there_and_back, there_and_back)
    for kinds in ([], [StopKind.SITE], there_and_back[::-1], [*there_and_back, StopKind.SITE]):
        with pytest.raises(StopsInvalid):
            check_kinds(kinds, there_and_back)
