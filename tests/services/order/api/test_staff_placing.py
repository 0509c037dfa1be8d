"""Staff order for a user on the phone."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest

from shared.contracts.order import OrderPlaced
from shared.kit.caller import Role
from shared.kit.ids import new_id, shard_of
from shared.privacy.sealing import erase_subject, unseal
from tests.services.order.given import SECRET_LINES, SHA_TIN, Shop, known_quote
from tests.support.service import as_json

ORDERS, QUOTES = "/staff/order/orders", "/staff/order/price-quotes"
STAFF = new_id()
WHY = "on the phone, 6123 4567"


def _staff(shop: Shop, key: object = None) -> dict[str, str]:
    return shop.running.headers(STAFF, Role.STAFF, key=key)


async def _quote(shop: Shop, offering: UUID | None = None, **also: Any) -> Any:
    asked = {**shop.asks(offering, **also), "user_id": str(shop.user)}
    return as_json(await shop.http.post(QUOTES, json=asked, headers=_staff(shop)))


async def _place(
    shop: Shop, quote: dict[str, Any], key: object = None, **change: Any
) -> httpx.Response:
    body = {"user_id": str(shop.user), "quote_id": quote["quote_id"], "hash": quote["hash"]}
    body |= {"reason": WHY, **change}
    return await shop.http.post(ORDERS, json=body, headers=_staff(shop, key))


async def _placed_by(shop: Shop, order: dict[str, Any]) -> Any:
    """The first line of an order's timeline, as staff see it."""
    timeline = as_json(
        await shop.http.get(f"{ORDERS}/{order['id']}/timeline", headers=_staff(shop))
    )
    assert timeline["consistent"] is True
    return timeline["entries"][0]


def _code(answer: httpx.Response) -> str:
    return str(answer.json()["type"]).rpartition("/")[2]


async def test_the_order_is_the_users_and_its_history_names_staff_and_reason(shop: Shop) -> None:
    order = as_json(await _place(shop, await _quote(shop)))
    assert shard_of(UUID(order["id"])) == shard_of(shop.user)
    [told] = await shop.running.told(OrderPlaced)
    assert (str(told.order_id), told.user_id) == (order["id"], shop.user)
    first = await _placed_by(shop, order)
    assert (first["what"], first["role"], first["actor"]) == ("place", "staff", str(STAFF))
    assert first["reason"].startswith("on the phone")
    assert "6123 4567" not in first["reason"]


async def test_the_user_sees_it_and_cancels_it_free(shop: Shop) -> None:
    order = as_json(await _place(shop, await _quote(shop)))
    [listed] = as_json(await shop.http.get("/orders", headers=shop.as_user()))["items"]
    assert listed["id"] == order["id"]
    assert as_json(await shop.cancel(order))["state"] == "cancelled"


async def test_the_user_pays_it_as_any_other(shop: Shop) -> None:
    order = as_json(await _place(shop, await _quote(shop)))
    await shop.running.tell(shop.captured(order))
    assert await shop.state(order) == "pending_dispatch"


async def test_the_user_may_order_by_what_was_quoted_to_staff(shop: Shop) -> None:
    quote = await _quote(shop)
    order = as_json(await shop.post_order(quote))
    assert (await _placed_by(shop, order))["role"] == "user"
    assert _code(await _place(shop, quote)) == "quote-used"


async def test_the_door_is_sealed_for_the_user_and_shown_to_them(shop: Shop) -> None:
    quote = await _quote(shop, shop.cleaning)
    order = as_json(await _place(shop, quote))
    path = f"/orders/{order['id']}/addresses"
    [stop] = as_json(await shop.http.get(path, headers=shop.as_user()))["stops"]
    assert stop["lines"] == SECRET_LINES
    async with shop.running.begin() as tx:
        kept = await tx.run("SELECT id, lines FROM stops")
        opened = await unseal(tx, shop.user, "stops.lines", kept[0]["id"], kept[0]["lines"])
        assert (await known_quote(tx, UUID(quote["quote_id"]))).user_id == shop.user
    assert "SECRETFLAT" in opened


async def test_a_kept_address_is_asked_for_as_the_user(shop: Shop) -> None:
    address_id = str(new_id())
    kept = {"address_id": address_id, **SHA_TIN, "lines": SECRET_LINES, "has_lift": True}
    shop.peers.addresses[address_id] = kept | {"steps": 3}
    stops = [{"kind": "site", "address_id": address_id}]
    order = as_json(await _place(shop, await _quote(shop, shop.cleaning, stops=stops)))
    [stop] = (await shop.detail(order))["visits"][0]["stops"]
    assert stop["steps"] == 3


async def test_the_users_coupons_are_held_and_staff_stand_in_the_history(shop: Shop) -> None:
    shop.peers.coupons[str(new_id())] = 5_000
    order = as_json(await _place(shop, await _quote(shop, coupon_ids=None)))
    assert order["payable"]["minor"] == 75_000
    assert list(shop.peers.locks) == [order["id"]]
    first = await _placed_by(shop, order)
    assert (first["role"], first["actor"]) == ("staff", str(STAFF))


async def test_a_placing_that_was_cut_is_finished_in_the_name_of_staff(shop: Shop) -> None:
    shop.peers.coupons[str(new_id())] = 5_000
    quote, key = await _quote(shop, coupon_ids=None), new_id()
    shop.peers.silent = 2  # Both tries: executed, and not heard.
    assert (await _place(shop, quote, key)).status_code == 503
    await shop.running.pass_time(seconds=30)
    order = as_json(await _place(shop, quote, key))
    assert len(await shop.running.told(OrderPlaced)) == 1
    first = await _placed_by(shop, order)
    assert (first["role"], first["actor"]) == ("staff", str(STAFF))
    assert first["reason"].startswith("on the phone")


@pytest.mark.parametrize("coupons", [None, []])
async def test_ten_equal_posts_place_one_order(shop: Shop, coupons: list[str] | None) -> None:
    shop.peers.coupons[str(new_id())] = 5_000
    quote, key = await _quote(shop, coupon_ids=coupons), new_id()
    answers = await asyncio.gather(*(_place(shop, quote, key) for _ in range(10)))
    again = await _place(shop, quote, key)
    placed = {answer.text for answer in [*answers, again] if answer.status_code == 201}
    assert len(placed) == len(await shop.running.told(OrderPlaced)) == 1
    early = {_code(answer) for answer in answers if answer.status_code != 201}
    assert early <= {"request-still-running"}


async def test_only_staff_have_this_door(shop: Shop) -> None:
    quote = await _quote(shop)
    order = {"user_id": str(shop.user), "quote_id": quote["quote_id"], "hash": quote["hash"]}
    asked = {**shop.asks(), "user_id": str(shop.user)}
    for role in (Role.USER, Role.WORKER):
        for path, body in ((QUOTES, asked), (ORDERS, {**order, "reason": WHY})):
            headers = shop.running.headers(shop.user, role)
            assert _code(await shop.http.post(path, json=body, headers=headers)) == "role-missing"
    assert not await shop.running.told(OrderPlaced)


@pytest.mark.parametrize("coupons", [None, []])
async def test_a_quote_of_another_user_is_not_found(shop: Shop, coupons: list[str] | None) -> None:
    shop.peers.coupons[str(new_id())] = 5_000
    quote = await _quote(shop, coupon_ids=coupons)
    wrong = await _place(shop, quote, user_id=str(new_id()))
    assert (wrong.status_code, _code(wrong)) == (404, "quote-not-found")
    as_json(await _place(shop, quote))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"user_id": "6123 4567"}, "body.user_id"),
        ({"user_id": None}, "body.user_id"),
        ({"reason": ""}, "body.reason"),
        ({"reason": "x" * 201}, "body.reason"),
        ({"surprise": 1}, "body.surprise"),
    ],
)
async def test_bad_input_names_its_field_and_places_nothing(
    shop: Shop, change: dict[str, Any], field: str
) -> None:
    answer = await _place(shop, await _quote(shop), **change)
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    if "user_id" in change:
        asked = {**shop.asks(), **change}
        answer = await shop.http.post(QUOTES, json=asked, headers=_staff(shop))
        assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert not await shop.running.told(OrderPlaced)


async def test_nothing_is_quoted_for_who_was_forgotten(shop: Shop) -> None:
    await _quote(shop)
    async with shop.running.begin() as tx:
        await erase_subject(tx, shop.user)
    asked = {**shop.asks(), "user_id": str(shop.user)}
    answer = await shop.http.post(QUOTES, json=asked, headers=_staff(shop))
    assert (answer.status_code, _code(answer)) == (410, "erased")
