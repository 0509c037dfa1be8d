"""The address book over HTTP."""

import asyncio

import pytest

from shared.contracts.user import AddressChanged
from shared.kit.caller import Caller, Role
from shared.kit.ids import new_id
from tests.services.user.people import (
    ADDRESS,
    Person,
    add_address,
    book_of,
    code_of,
    log_in_by_wechat,
)
from tests.support.service import Running, as_json


async def test_lists_show_an_address_down_to_the_block(user: Running, ming: Person) -> None:
    added = await add_address(user, ming)
    [shown] = await book_of(user, ming)

    assert added == {"address_id": shown["address_id"], "is_default": True}
    assert shown["lines"] == {
        "estate": "Wisteria Estate",
        "building": "Harmony House",
        "block": "Block 7",
    }
    assert (shown["label"], shown["region"], shown["steps"]) == ("Mum's place", "NT", 12)
    assert "parking_note" not in shown


async def test_the_owner_opens_an_address_to_the_door_and_it_is_recorded(
    user: Running, ming: Person
) -> None:
    address_id = (await add_address(user, ming))["address_id"]
    url = f"/me/addresses/{address_id}"
    whole = as_json(await user.http.get(url, headers=ming.headers()))

    assert whole["lines"] == ADDRESS["lines"]
    assert whole["parking_note"] == ADDRESS["parking_note"]
    async with user.begin() as tx:
        [seen] = await tx.run("SELECT * FROM reveals")
    assert (seen["actor"], seen["subject"], seen["role"]) == (
        ming.account_id,
        ming.account_id,
        "user",
    )
    assert str(seen["row_id"]) == address_id


async def test_another_service_reads_an_address_for_its_owner_only(
    user: Running, ming: Person
) -> None:
    address_id = (await add_address(user, ming))["address_id"]
    url = f"/internal/addresses/{address_id}"
    owner = Caller(ming.account_id, Role.USER)
    answer = as_json(await user.http.get(url, headers=user.internal(owner, "order")))

    assert answer["address_id"] == address_id
    assert answer["point"] == ADDRESS["point"]
    assert (answer["district"], answer["region"]) == ("ST", "NT")
    assert answer["lines"] == ADDRESS["lines"]
    assert (answer["label"], answer["has_lift"], answer["steps"]) == ("Mum's place", True, 12)
    async with user.begin() as tx:
        [seen] = await tx.run("SELECT purpose FROM reveals")
    assert "order" in seen["purpose"]

    stranger = user.internal(Caller(new_id(), Role.USER), "order")
    refused = await user.http.get(url, headers=stranger)
    assert (refused.status_code, code_of(refused)) == (404, "address-not-found")
    assert (await user.http.get(url, headers=ming.headers())).status_code == 401


async def test_other_peoples_addresses_are_not_there(user: Running, ming: Person) -> None:
    theirs = (await add_address(user, ming))["address_id"]
    other = await log_in_by_wechat(user, f"other-{new_id()}")
    url = f"/me/addresses/{theirs}"
    answers = [
        await user.http.get(url, headers=other.headers()),
        await user.http.put(url, json=ADDRESS, headers=other.headers()),
        await user.http.put(f"{url}/default", headers=other.headers()),
        await user.http.delete(url, headers=other.headers()),
    ]
    assert {(answer.status_code, code_of(answer)) for answer in answers} == {
        (404, "address-not-found")
    }
    assert len(await book_of(user, ming)) == 1


async def test_ten_equal_posts_add_one_address(user: Running, ming: Person) -> None:
    headers = ming.headers()
    answers = await asyncio.gather(
        *(user.http.post("/me/addresses", json=ADDRESS, headers=headers) for _ in range(10))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert len(await book_of(user, ming)) == 1
    assert len(await user.told(AddressChanged)) == 1


async def test_a_post_without_a_key_is_refused(user: Running, ming: Person) -> None:
    bearer = {"Authorization": ming.headers()["Authorization"]}
    answer = await user.http.post("/me/addresses", json=ADDRESS, headers=bearer)
    assert (answer.status_code, code_of(answer)) == (400, "idempotency-key-missing")


async def test_pages_show_each_address_once(user: Running, ming: Person) -> None:
    ids = [(await add_address(user, ming))["address_id"] for _ in range(5)]
    seen: list[str] = []
    cursor = ""
    while True:
        url = f"/me/addresses?limit=2{cursor}"
        page = as_json(await user.http.get(url, headers=ming.headers()))
        seen += [item["address_id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == ids[::-1]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"point": {"lat": 23.5, "lng": 114.1}}, "point.lat"),
        ({"point": {"lat": 22.3, "lng": 113.0}}, "point.lng"),
        ({"point": {"lat": "22.3", "lng": 114.1}}, "body.point.lat.float"),
        ({"point": {"lat": 22.3}}, "body.point.lng"),
        ({"region": "KLN"}, "region"),
        ({"district": "XX"}, "body.district"),
        ({"lines": {"flat": "1"}}, "building"),
        ({"lines": {"estate": "x" * 81}}, "body.lines.estate"),
        ({"steps": -1}, "body.steps"),
        ({"steps": True}, "body.steps"),
        ({"has_lift": 1}, "body.has_lift"),
        ({"extra": 1}, "body.extra"),
    ],
)
async def test_bad_input_is_refused_by_field(
    user: Running, ming: Person, change: dict[str, object], field: str
) -> None:
    answer = await user.http.post("/me/addresses", json=ADDRESS | change, headers=ming.headers())
    assert answer.status_code == 422
    assert answer.json()["field"] == field
    assert await book_of(user, ming) == []
    assert await user.told(AddressChanged) == []
