"""The eighteen districts and what lies between them."""

import pytest

from services.order.domain.districts import (
    CODES,
    DISTRICTS,
    Region,
    is_across_harbour,
    nearest_of,
    straight_km,
)
from shared.locales import Locale


def test_there_are_eighteen_districts_named_in_every_language() -> None:
    assert len(DISTRICTS) == len(CODES) == 18
    assert all(set(district.name) == set(Locale) for district in DISTRICTS.values())
    regions = [district.region for district in DISTRICTS.values()]
    assert {region: regions.count(region) for region in Region} == {
        Region.HONG_KONG_ISLAND: 4,
        Region.KOWLOON: 5,
        Region.NEW_TERRITORIES: 9,
    }


def test_every_district_lies_nearest_to_itself() -> None:
    for code, district in DISTRICTS.items():
        assert nearest_of(district.lat, district.lng, CODES)[0] == code


@pytest.mark.parametrize(
    ("codes", "crosses"),
    [({"CW", "YT"}, True), ({"CW", "EA"}, False), ({"YT", "IS"}, False), ({"SO", "IS"}, True)],
)
def test_only_a_way_with_both_sides_crosses_the_harbour(codes: set[str], crosses: bool) -> None:
    assert is_across_harbour(codes) is crosses


def test_a_degree_of_latitude_is_about_111_km() -> None:
    assert straight_km(22.0, 114.0, 23.0, 114.0) == pytest.approx(111.2, abs=0.1)
    assert straight_km(22.0, 114.0, 22.0, 114.0) == 0
