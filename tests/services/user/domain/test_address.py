"""What a Hong Kong address must be, without a database."""

from collections import Counter
from dataclasses import replace

import pytest

from services.user.domain.address import (
    AddressDetails,
    AddressInvalid,
    District,
    Place,
    Region,
    Unit,
    check_address,
    region_of,
)

GOOD = AddressDetails(
    lat=22.383,
    lng=114.19,
    district=District.SHA_TIN,
    place=Place("Wisteria Estate", "", "7", "home"),
    unit=Unit("23", "QX", ""),
    has_lift=True,
    steps=0,
)


def test_the_eighteen_districts_lie_in_three_regions() -> None:
    count = Counter(region_of(district) for district in District)
    assert count == {
        Region.HONG_KONG_ISLAND: 4,
        Region.KOWLOON: 5,
        Region.NEW_TERRITORIES: 9,
    }


@pytest.mark.parametrize("region", [None, Region.NEW_TERRITORIES])
def test_a_good_address_is_taken_with_or_without_its_region(region: Region | None) -> None:
    check_address(GOOD, region)


@pytest.mark.parametrize(
    ("address", "region", "field"),
    [
        (replace(GOOD, lat=22.12), None, "point.lat"),
        (replace(GOOD, lat=22.58), None, "point.lat"),
        (replace(GOOD, lng=113.81), None, "point.lng"),
        (replace(GOOD, lng=114.46), None, "point.lng"),
        (replace(GOOD, lat=float("nan")), None, "point.lat"),
        (GOOD, Region.KOWLOON, "region"),
        (replace(GOOD, place=Place("", "", "7", "")), None, "building"),
    ],
)
def test_a_broken_rule_is_named_by_field(
    address: AddressDetails, region: Region | None, field: str
) -> None:
    with pytest.raises(AddressInvalid) as refused:
        check_address(address, region)
    assert refused.value.facts["field"] == field
    assert refused.value.facts["reason"]
