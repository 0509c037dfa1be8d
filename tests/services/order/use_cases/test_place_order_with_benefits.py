"""Placing with coupons, cut at each step."""

import asyncio
from typing import Any
from uuid import UUID

from shared.contracts.order import OrderPlaced
from shared.kit.ids import new_id
from tests.services.order.given import Shop
from tests.support.service import as_json


async def _quote(shop: Shop) -> dict[str, Any]:
    shop.peers.coupons[str(new_id())] = 5_000
    return await shop.quote(coupon_ids=None)


async def _called(shop: Shop, times: int) -> None:
    async with asyncio.timeout(5):
        while len(shop.peers.calls) < times:  # noqa: ASYNC110 - a call that waits has no event.
            await asyncio.sleep(0.01)


async def test_the_coupons_are_held_by_the_orders_id_and_told(shop: Shop) -> None:
    order = as_json(await shop.post_order(await _quote(shop)))
    assert order["payable"]["minor"] == 75_000
    assert list(shop.peers.locks) == [order["id"]]
    [told] = await shop.running.told(OrderPlaced)
    assert (told.list_price.minor, told.payable.minor) == (80_000, 75_000)
    [discount] = told.discounts
    assert (discount.code, discount.amount.minor, discount.funder) == ("WELCOME", 5_000, "platform")
    assert await shop.running.pass_time(minutes=5) == 0


async def test_ten_equal_posts_place_one_order_and_lock_once(shop: Shop) -> None:
    quote, key = await _quote(shop), new_id()
    answers = await asyncio.gather(*(shop.post_order(quote, key) for _ in range(10)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    again = await shop.post_order(quote, key)
    assert again.headers["Idempotent-Replayed"] == "true"
    placed = {a.text for a in [*answers, again] if a.status_code == 201}
    assert len(placed) == 1
    assert len(shop.peers.locks) == len(await shop.running.told(OrderPlaced)) == 1


async def test_a_refused_coupon_frees_quote_and_key(shop: Shop) -> None:
    quote, key = await _quote(shop), new_id()
    kept, shop.peers.coupons = shop.peers.coupons, {}
    refused = await shop.post_order(quote, key)
    assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (
        409,
        "coupon-not-available",
    )
    shop.peers.coupons = kept
    as_json(await shop.post_order(quote, key))
    assert await shop.running.pass_time(minutes=5) == 0


async def test_coupons_that_take_off_less_by_now_refuse_the_price(shop: Shop) -> None:
    quote = await _quote(shop)
    shop.peers.coupons = dict.fromkeys(shop.peers.coupons, 4_000)
    assert (await shop.post_order(quote)).json()["type"].endswith("price-changed")
    assert not shop.peers.locks
    assert not await shop.running.told(OrderPlaced)


async def test_a_lost_answer_is_asked_again_and_places_once(shop: Shop) -> None:
    quote = await _quote(shop)
    shop.peers.silent = 1
    as_json(await shop.post_order(quote))
    assert shop.peers.calls == ["lock", "lock"]
    assert len(await shop.running.told(OrderPlaced)) == 1


async def test_a_placing_that_was_cut_is_finished_by_its_timer(shop: Shop) -> None:
    quote, key = await _quote(shop), new_id()
    shop.peers.silent = 2  # Both tries: executed, and not heard.
    assert (await shop.post_order(quote, key)).status_code == 503
    meanwhile = await shop.post_order(quote, key)
    assert meanwhile.status_code == 409
    assert meanwhile.headers["Retry-After"]
    await shop.running.pass_time(seconds=30)
    [told] = await shop.running.told(OrderPlaced)
    answer = await shop.post_order(quote, key)
    assert as_json(answer)["id"] == str(told.order_id)
    assert answer.headers["Idempotent-Replayed"] == "true"
    assert list(shop.peers.locks) == [str(told.order_id)]

    async with shop.running.begin() as tx:  # A day later the quote is forgotten, the key is not.
        await tx.run("DELETE FROM price_quotes")
    late = await shop.post_order(quote, key)
    assert (late.status_code, late.text) == (201, answer.text)
    assert late.headers["Idempotent-Replayed"] == "true"
    other = await shop.post_order(quote)
    assert (other.status_code, other.json()["type"].rpartition("/")[2]) == (404, "quote-not-found")


async def test_a_placing_that_was_cut_is_undone_if_its_coupons_are_gone(shop: Shop) -> None:
    quote, key = await _quote(shop), new_id()
    shop.peers.away = 2  # Neither try is executed.
    assert (await shop.post_order(quote, key)).status_code == 503
    kept, shop.peers.coupons = shop.peers.coupons, {}
    await shop.running.pass_time(seconds=30)
    assert not await shop.running.told(OrderPlaced)
    shop.peers.coupons = kept
    as_json(await shop.post_order(quote, key))
    assert len(await shop.running.told(OrderPlaced)) == 1


async def test_a_timer_while_promotion_is_away_tries_again(shop: Shop) -> None:
    quote = await _quote(shop)
    shop.peers.away = 4
    assert (await shop.post_order(quote)).status_code == 503
    await shop.running.pass_time(seconds=30)
    assert not await shop.running.told(OrderPlaced)
    for _ in range(50):
        await asyncio.sleep(0.1)
        await shop.running.run_due()
        if await shop.running.told(OrderPlaced):
            break
    assert len(await shop.running.told(OrderPlaced)) == 1


async def test_request_and_timer_at_once_place_one_order(shop: Shop) -> None:
    quote, key = await _quote(shop), new_id()
    shop.peers.before_lock = asyncio.Event()
    request = asyncio.create_task(shop.post_order(quote, key))
    await _called(shop, 1)
    timer = asyncio.create_task(shop.running.pass_time(seconds=30))
    await _called(shop, 2)
    shop.peers.before_lock.set()
    answer, _ = await asyncio.gather(request, timer)
    [told] = await shop.running.told(OrderPlaced)
    if answer.status_code == 201:
        assert answer.json()["id"] == str(told.order_id)
    final = as_json(await shop.post_order(quote, key))
    assert UUID(final["id"]) == told.order_id
