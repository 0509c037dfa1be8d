"""The shapes of addresses on the wire."""

from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from services.user.api.address_views import AddressBody, block_view, door_view
from services.user.domain.address import District, Place, Region, Unit
from services.user.storage.addresses import address_of
from shared.contracts.ids import AddressId
from tests.services.user.people import ADDRESS, Person, add_address
from tests.support.service import Running


def lines(**changes: Any) -> dict[str, Any]:
    """The address of the tests with other lines."""
    return ADDRESS | {"lines": ADDRESS["lines"] | changes}


def test_what_a_person_gives_is_split_at_the_block_and_trimmed() -> None:
    given = lines(estate="  Wisteria Estate ", flat=" Flat QX") | {"label": " home "}
    details = AddressBody.model_validate(given).details()

    assert details.place == Place("Wisteria Estate", "Harmony House", "Block 7", "home")
    assert details.unit == Unit("23/F", "Flat QX", "behind the wet market")
    assert (details.lat, details.lng) == (22.3829, 114.1903)
    assert (details.district, details.has_lift, details.steps) == (District.SHA_TIN, True, 12)


def test_only_point_district_and_lines_must_be_given() -> None:
    least = {"point": {"lat": 22, "lng": 114}, "district": "ST", "lines": {}}
    body = AddressBody.model_validate(least)

    assert body.region is None
    assert body.details().place == Place("", "", "", "")
    assert (body.has_lift, body.steps) == (True, 0)
    for name in least:
        with pytest.raises(ValidationError, match=name):
            AddressBody.model_validate({key: least[key] for key in least.keys() - {name}})


@pytest.mark.parametrize(
    "given",
    [
        lines(floor="x" * 81),
        lines(door="1"),
        ADDRESS | {"parking_note": "x" * 201},
        ADDRESS | {"steps": 2_001},
        ADDRESS | {"steps": "1"},
        ADDRESS | {"point": {"lat": 181, "lng": 114}},
        ADDRESS | {"point": {"lat": 22, "lng": 114, "alt": 1}},
    ],
)
def test_bad_shapes_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        AddressBody.model_validate(given)


async def test_only_the_view_to_the_door_is_recorded(user: Running, ming: Person) -> None:
    id = AddressId(UUID((await add_address(user, ming))["address_id"]))
    async with user.begin() as tx:
        address = await address_of(tx, ming.caller, id)
        block = await block_view(tx, address)
        assert await tx.run("SELECT 1 FROM reveals") == []
        door = await door_view(tx, ming.caller, "a test looks", address)
        await tx.flush()
        [seen] = await tx.run("SELECT purpose, row_id FROM reveals")

    assert (seen["purpose"], seen["row_id"]) == ("a test looks", id)
    assert block.region is door.region is Region.NEW_TERRITORIES
    assert door.lines.model_dump() == ADDRESS["lines"]
    assert "QX" not in block.model_dump_json()
