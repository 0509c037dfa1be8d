"""Changed addresses."""

from shared.contracts.user import AddressChanged
from tests.services.user.people import ADDRESS, Person, add_address, book_of, code_of
from tests.support.service import Running, as_json


async def test_a_change_puts_new_lines_in_the_place_of_the_old(user: Running, ming: Person) -> None:
    url = f"/me/addresses/{(await add_address(user, ming))['address_id']}"
    changed = ADDRESS | {"lines": {"building": "Lotus Tower", "flat": "9C"}, "has_lift": False}
    answer = as_json(await user.http.put(url, json=changed, headers=ming.headers()))
    assert answer["lines"] == {"estate": "", "building": "Lotus Tower", "block": ""}
    assert answer["is_default"]

    whole = as_json(await user.http.get(url, headers=ming.headers()))
    assert (whole["lines"]["flat"], whole["lines"]["floor"]) == ("9C", "")
    assert not whole["has_lift"]


async def test_a_change_is_told(user: Running, ming: Person) -> None:
    url = f"/me/addresses/{(await add_address(user, ming))['address_id']}"
    as_json(await user.http.put(url, json=ADDRESS, headers=ming.headers()))
    assert [told.removed for told in await user.told(AddressChanged)] == [False, False]


async def test_a_refused_change_leaves_the_address_as_it_was(user: Running, ming: Person) -> None:
    url = f"/me/addresses/{(await add_address(user, ming))['address_id']}"
    before = await book_of(user, ming)
    body = ADDRESS | {"district": "CW", "label": "office"}
    refused = await user.http.put(url, json=body, headers=ming.headers())

    assert (refused.status_code, code_of(refused)) == (422, "address-invalid")
    assert await book_of(user, ming) == before
    assert len(await user.told(AddressChanged)) == 1
