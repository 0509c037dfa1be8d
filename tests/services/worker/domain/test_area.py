"""Service areas stay in Hong Kong."""

import pytest

from services.worker.domain.area import DISTRICTS, DistrictUnknown, OutsideHongKong, area_of


def test_districts_are_kept_in_order_and_once() -> None:
    assert len(DISTRICTS) == 18
    assert area_of(22.3, 114.17, 5000, ["YT", "SS", "YT"]).districts == ["SS", "YT"]


@pytest.mark.parametrize(("lat", "lng"), [(22.58, 114.1), (22.12, 114.1), (22.3, 113.8), (0, 0)])
def test_a_point_elsewhere_is_refused(lat: float, lng: float) -> None:
    with pytest.raises(OutsideHongKong):
        area_of(lat, lng, 5000, [])


def test_an_unknown_district_is_named() -> None:
    with pytest.raises(DistrictUnknown) as refused:
        area_of(22.3, 114.17, 5000, ["ST", "XX"])
    assert refused.value.facts["field"] == "districts.1"
