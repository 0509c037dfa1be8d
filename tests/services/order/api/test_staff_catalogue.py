"""The catalogue as staff keep it."""

import json
import os
from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.kit.caller import Role
from shared.kit.ids import new_id
from tests.conftest import ServiceFixture
from tests.services.order.stock import STAFF, demo_offering, put, stock
from tests.support.service import Running, as_json, running

WORDS = {"zh-HK": "寵物護理", "zh-CN": "宠物护理", "en": "Pet care"}
CATEGORY = {"name": WORDS, "description": WORDS, "rank": 110, "reason": "an eleventh category"}
PATH = "/staff/order/offerings/jump_start"


@pytest.fixture(scope="module")
async def shelf() -> AsyncIterator[Running]:
    """The towing of the demo catalogue, for tests that change nothing."""
    async with running(os.environ, "order") as order:
        await stock(order, "towing")
        yield order


@pytest.fixture
async def order(service: ServiceFixture) -> Running:
    order = await service("order")
    await stock(order, "towing")
    return order


async def test_an_eleventh_category_is_data_only(order: Running) -> None:
    view = as_json(await put(order, "/staff/order/categories/pet_care", CATEGORY))
    assert view == {"code": "pet_care", "changed": True}
    bath = {**demo_offering("hourly_cleaning"), "category": "pet_care", "keywords": ["狗狗"]}
    made = as_json(await put(order, "/staff/order/offerings/dog_bath", bath))
    assert made["price_version"] == 1
    listed = as_json(await order.http.get("/catalog/offerings", params={"q": "狗狗"}))
    assert [item["id"] for item in listed["items"]] == [made["id"]]


async def test_staff_see_every_price_and_every_change(order: Running) -> None:
    body = demo_offering("jump_start")
    body["book"] = {**body["book"], "base_minor": 39_000}
    as_json(await put(order, PATH, {**body, "reason": "dearer batteries"}))
    headers = order.bearer(STAFF, Role.STAFF)
    kept = as_json(await order.http.get(PATH, headers=headers))
    assert [price["version"] for price in kept["prices"]] == [2, 1]
    assert kept["prices"][0]["reason"] == "dearer batteries"

    path = "/staff/order/catalogue-changes/offering/jump_start"
    newest = as_json(await order.http.get(path, params={"limit": 1}, headers=headers))
    [change] = newest["items"]
    assert (change["reason"], change["actor"]) == ("dearer batteries", str(STAFF))
    assert change["before"]["book"]["base_minor"] == 36_000
    asked = {"limit": 1, "cursor": newest["next_cursor"]}
    [first] = as_json(await order.http.get(path, params=asked, headers=headers))["items"]
    assert first["before"] is None


async def test_what_staff_read_can_be_put_again_unchanged(shelf: Running) -> None:
    kept = as_json(await shelf.http.get(PATH, headers=shelf.bearer(STAFF, Role.STAFF)))
    again = {**kept["terms"], "book": kept["prices"][0]["book"], "reason": "no change"}
    assert as_json(await put(shelf, PATH, again))["changed"] is False


@pytest.mark.parametrize("role", [Role.USER, Role.WORKER])
async def test_nobody_but_staff_may_put(shelf: Running, role: Role) -> None:
    headers = shelf.bearer(new_id(), role)
    answer = await shelf.http.put(PATH, json=demo_offering("jump_start"), headers=headers)
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"reason": ""}, "body.reason"),
        ({"reason": "a\x00b"}, "body.reason"),
        ({"keywords": ["狗\x00"]}, "body.keywords.0"),
        ({"rank": "1"}, "body.rank"),
        ({"colour": "red"}, "body.colour"),
        ({"districts": ["XX"]}, "body.districts"),
        ({"name": {"en": "Jump"}}, "body.name"),
        ({"effective_at": "2026-12-01T00:00:00"}, "body.effective_at"),
    ],
)
async def test_bad_input_names_its_field_and_changes_nothing(
    shelf: Running, change: dict[str, Any], field: str
) -> None:
    answer = await put(shelf, PATH, {**demo_offering("jump_start"), **change})
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert as_json(await put(shelf, PATH, demo_offering("jump_start")))["changed"] is False


async def test_half_a_character_is_refused_like_any_other_wrong_district(shelf: Running) -> None:
    content = json.dumps({**demo_offering("jump_start"), "districts": ["\ud800"]})
    headers = shelf.bearer(STAFF, Role.STAFF) | {"content-type": "application/json"}
    answer = await shelf.http.put(PATH, content=content, headers=headers)
    assert (answer.status_code, answer.json()["field"]) == (422, "body.districts.0")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"category": "pet_care"}, 404, "category-not-found"),
        ({"positions": [{"weight": 0, "skill": "towing"}]}, 422, "book-invalid"),
        ({"effective_at": "2020-01-01T00:00:00Z"}, 422, "price-date-invalid"),
    ],
)
async def test_refusals_have_their_codes(
    shelf: Running, change: dict[str, Any], status: int, code: str
) -> None:
    answer = await put(shelf, PATH, {**demo_offering("jump_start"), **change})
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (status, code)


async def test_synonyms_are_put_and_found_by(order: Running) -> None:
    body = {"words": ["搭電", "booster"], "reason": "asked for on the phone"}
    view = as_json(await put(order, "/staff/order/synonyms/booster", body))
    assert view == {"code": "booster", "changed": True}
    found = as_json(await order.http.get("/catalog/offerings", params={"q": "booster"}))
    assert [item["code"] for item in found["items"]] == ["jump_start"]


async def test_an_unknown_code_is_not_found(shelf: Running) -> None:
    headers = shelf.bearer(STAFF, Role.STAFF)
    answer = await shelf.http.get("/staff/order/offerings/nothing", headers=headers)
    assert answer.status_code == 404
