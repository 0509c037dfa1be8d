"""The catalogue as its readers get it."""

import os
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.order.storage.catalogue_snapshot import CatalogueInMemory
from shared.kit.caller import Role
from shared.kit.ids import new_id
from shared.kit.money import Currency, Money
from tests.conftest import ServiceFixture
from tests.services.order.stock import demo_offering, put, stock
from tests.support.service import Running, as_json, running


@pytest.fixture(scope="module")
async def shelf() -> AsyncIterator[Running]:
    """The whole demo catalogue, for tests that only read it."""
    async with running(os.environ, "order") as order:
        await stock(order)
        yield order


@pytest.fixture
async def order(service: ServiceFixture) -> Running:
    """Some of the catalogue, for tests that change it."""
    order = await service("order")
    await stock(order, "towing", "cleaning")
    return order


async def found(order: Running, **asked: Any) -> list[str]:
    """The codes of all pages."""
    codes: list[str] = []
    while True:
        page = as_json(await order.http.get("/catalog/offerings", params=asked))
        codes += [item["code"] for item in page["items"]]
        if page["next_cursor"] is None:
            return codes
        asked["cursor"] = page["next_cursor"]


async def offering_id(order: Running, code: str) -> UUID:
    async with order.begin() as tx:
        [row] = await tx.run("SELECT id FROM offerings WHERE code = $1", code)
    return UUID(str(row["id"]))


async def test_categories_come_in_their_order_and_in_each_language(shelf: Running) -> None:
    for language, name in [("zh-HK", "洗衣"), ("zh-Hans", "洗衣"), ("en", "Laundry")]:
        answer = await shelf.http.get("/catalog/categories", headers={"Accept-Language": language})
        shown = as_json(answer)
        assert len(shown["categories"]) == 10
        assert name in [category["name"] for category in shown["categories"]]
        assert answer.headers["content-language"] == shown["locale"]
        assert answer.headers["vary"] == "Accept-Language"
    assert shown["categories"][0]["code"] == "cleaning"
    assert shown["categories"][0]["price_from"] == {"minor": 39_000, "currency": "HKD"}


@pytest.mark.parametrize("path", ["/catalog/categories", "/catalog/offerings?q=tow&limit=3"])
async def test_a_reader_who_has_it_already_gets_304_until_it_changes(
    order: Running, path: str
) -> None:
    first = await order.http.get(path, headers={"Accept-Language": "en"})
    seen = {"If-None-Match": f'"old", W/{first.headers["etag"]}', "Accept-Language": "en"}
    again = await order.http.get(path, headers=seen)
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    other = await order.http.get(path, headers={**seen, "Accept-Language": "zh-HK"})
    assert other.status_code == 200

    body = demo_offering("tow_private_car")
    body["book"] = {**body["book"], "base_minor": 60_000}
    body["book"]["reference"] = {**body["book"]["reference"], "ceiling_minor": 999_900}
    await put(order, "/staff/order/offerings/tow_private_car", body)
    if "categories" in path:
        await put(order, "/staff/order/offerings/jump_start", {**demo_offering("jump_start"),
                                                              "on_sale": False})  # fmt: skip
    changed = await order.http.get(path, headers=seen)
    assert changed.status_code == 200
    assert changed.headers["etag"] != first.headers["etag"]


async def test_offerings_are_listed_by_category_and_rank_page_by_page(shelf: Running) -> None:
    every = await found(shelf, limit=7)
    assert len(every) == len(set(every)) >= 46
    assert await found(shelf, category="cleaning", limit=1) == [
        "hourly_cleaning", "single_cleaning", "crew_deep_cleaning", "renovation_cleaning",
    ]  # fmt: skip
    assert "public_flat_basic" not in every  # It is off sale.
    assert await found(shelf, category="no_such_thing") == []


async def test_a_district_leaves_out_what_is_not_served_there(shelf: Running) -> None:
    assert await found(shelf, category="septic", district="CW") == []
    assert "septic_emptying" in await found(shelf, category="septic", district="YL")


@pytest.mark.parametrize(
    "query", ["通渠", "通渠佬", "通廁所", "通厕所", "drain", "DRAINS", "pipe unblocking"]
)
async def test_however_it_is_called_the_same_offering_is_found(shelf: Running, query: str) -> None:
    assert "toilet_unblocking" in (await found(shelf, q=query))[:2]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("平板拖車", "tow_flatbed"),
        ("爆呔", "tyre_change"),
        ("過江龍", "jump_start"),
        ("月嫂", "postpartum_day_8h"),
        ("piano lessons", None),
        ("洗冷气", "window_ac_cleaning"),
        ("？！", None),
    ],
)
async def test_the_best_match_comes_first(shelf: Running, query: str, first: str | None) -> None:
    assert next(iter(await found(shelf, q=query)), None) == first


async def test_a_search_goes_on_page_by_page(shelf: Running) -> None:
    whole = await found(shelf, q="cleaning", limit=100)
    assert len(whole) > 5
    assert await found(shelf, q="cleaning", limit=2) == whole


async def test_one_offering_shows_its_surcharges_before_anything_is_paid(shelf: Running) -> None:
    tow = await offering_id(shelf, "tow_private_car")
    detail = as_json(
        await shelf.http.get(f"/catalog/offerings/{tow}", headers={"Accept-Language": "en"})
    )
    assert detail["stops"] == ["pick_up", "drop_off"]
    assert {row["code"] for row in detail["surcharges"]} == {
        "distance", "night", "cross_harbour", "tunnel_toll", "remote",
    }  # fmt: skip
    assert detail["demo"] is True


async def test_an_unknown_offering_is_a_problem(shelf: Running) -> None:
    answer = await shelf.http.get(f"/catalog/offerings/{new_id()}")
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (
        404,
        "offering-not-found",
    )


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"district": "XX"}, "query.district"),
        ({"limit": 101}, "query.limit"),
        ({"q": "x" * 61}, "query.q"),
        ({"category": "'; DROP TABLE"}, "query.category"),
        ({"cursor": "\x00"}, "query.cursor"),
    ],
)
async def test_bad_input_names_its_field(shelf: Running, asked: dict[str, Any], field: str) -> None:
    answer = await shelf.http.get("/catalog/offerings", params=asked)
    assert answer.status_code == 422
    assert answer.json()["field"] == field


async def test_no_login_is_needed_but_a_bad_token_is_refused(shelf: Running) -> None:
    assert (await shelf.http.get("/catalog/categories")).status_code == 200
    good = shelf.bearer(new_id(), Role.USER)
    assert (await shelf.http.get("/catalog/categories", headers=good)).status_code == 200
    bad = {"Authorization": "Bearer nonsense"}
    assert (await shelf.http.get("/catalog/categories", headers=bad)).status_code == 401


async def test_a_category_switched_off_vanishes_with_its_offerings(order: Running) -> None:
    tow = await offering_id(order, "tow_private_car")
    words = {"zh-HK": "拖車", "zh-CN": "拖车", "en": "Towing"}
    body = {"name": words, "description": words, "on": False, "reason": "no trucks"}
    await put(order, "/staff/order/categories/towing", body)
    shown = as_json(await order.http.get("/catalog/categories"))["categories"]
    assert "towing" not in [category["code"] for category in shown]
    assert await found(order, category="towing") == []
    assert as_json(await order.http.get(f"/catalog/offerings/{tow}"))["on_sale"] is False


async def test_another_process_sees_a_change_within_a_second(order: Running) -> None:
    other = CatalogueInMemory(order.begin)
    before = await other.now()
    assert await other.now() is before
    words = {"zh-HK": "寵物", "zh-CN": "宠物", "en": "Pets"}
    body = {"name": words, "description": words, "reason": "new category"}
    await put(order, "/staff/order/categories/pet_care", body)
    assert await other.now() is before  # It has asked within the last second.
    other.expire()
    after = await other.now()
    assert "pet_care" in [category.code for category in after.categories]
    other.expire()
    assert await other.now() is after  # Nothing moved, so nothing is read again.


async def test_a_price_that_begins_shows_without_any_change(order: Running) -> None:
    shown: CatalogueInMemory = order.kit.ports["catalogue"]
    body = demo_offering("hourly_cleaning")
    body["book"] = {**body["book"], "per_unit_minor": 11_000}
    body["effective_at"] = (order.clock.now() + timedelta(days=365)).isoformat()
    as_json(await put(order, "/staff/order/offerings/hourly_cleaning", body))
    before = (await shown.now()).categories[0].price_from
    await order.pass_time(days=370)
    shown.expire()
    then = (await shown.now()).categories[0].price_from
    assert (before, then) == (Money(39_000, Currency.HKD), Money(33_000, Currency.HKD))
