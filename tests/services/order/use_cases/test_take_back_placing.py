"""A placing whose coupons cannot be held leaves nothing behind, however often it is cut."""

import asyncio
from uuid import UUID

from services.order.use_cases.take_back_placing import take_back_placing
from shared.contracts.ids import OrderId, QuoteId
from shared.contracts.order import OrderPlaced
from shared.kit.caller import Caller, Role
from shared.kit.ids import new_id
from shared.kit.once import Steps
from tests.services.order.given import Shop, known_quote
from tests.support.service import as_json


async def test_it_is_tried_again_until_the_coupons_are_surely_let_go(shop: Shop) -> None:
    shop.peers.coupons[str(new_id())] = 5_000
    quote, key = await shop.quote(coupon_ids=None), new_id()
    kept, shop.peers.coupons = shop.peers.coupons, {}
    shop.peers.deaf = 4  # Both tries of the request and of its timer.
    assert (await shop.post_order(quote, key)).status_code == 503
    await shop.running.pass_time(seconds=30)
    assert not shop.peers.released
    meanwhile = await shop.post_order(quote, key)
    assert meanwhile.json()["type"].endswith("/request-still-running")

    async with asyncio.timeout(5):
        while not shop.peers.released:
            await asyncio.sleep(0.1)
            await shop.running.run_due()
    shop.peers.coupons = kept
    order = as_json(await shop.post_order(quote, key))
    assert list(shop.peers.locks) == [order["id"]]
    assert len(await shop.running.told(OrderPlaced)) == 1


async def test_what_a_twin_has_placed_keeps_its_coupons(shop: Shop) -> None:
    shop.peers.coupons[str(new_id())] = 5_000
    order = as_json(await shop.post_order(await shop.quote(coupon_ids=None)))
    async with shop.running.begin() as tx:
        [row] = await tx.run("SELECT id, order_id FROM price_quotes")
    await take_back_placing(
        Steps.resumed(shop.running.begin, row["order_id"]),
        shop.running.kit.ports["promotion"],
        Caller(shop.user, Role.USER),
        OrderId(UUID(order["id"])),
        QuoteId(row["id"]),
    )

    assert list(shop.peers.locks) == [order["id"]]
    async with shop.running.begin() as tx:
        assert (await known_quote(tx, row["id"])).order_id == row["order_id"]
