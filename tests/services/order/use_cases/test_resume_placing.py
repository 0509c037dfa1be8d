"""A placing that was cut."""

from uuid import UUID

from services.order.storage.quotes import claim_quote
from services.order.use_cases.resume_placing import resume_placing
from shared.contracts.ids import OrderId, QuoteId
from shared.contracts.order import OrderPlaced
from shared.kit.ids import new_id, new_id_in, shard_of
from tests.services.order.given import Shop, known_quote


async def test_it_is_finished_once_however_often_it_is_taken_up(shop: Shop) -> None:
    shop.peers.coupons[str(new_id())] = 5_000
    quote_id = QuoteId(UUID((await shop.quote(coupon_ids=None))["quote_id"]))
    order_id = OrderId(new_id_in(shard_of(shop.user)))
    promotion = shop.running.kit.ports["promotion"]
    async with shop.running.begin() as tx:
        quote = await known_quote(tx, quote_id)
        claim_quote(tx, quote, order_id, "1234")
    for _ in range(3):
        await resume_placing(shop.running.begin, promotion, order_id, quote_id)
    [told] = await shop.running.told(OrderPlaced)
    assert told.order_id == order_id
    assert shop.peers.calls == ["lock"]


async def test_what_was_being_taken_back_is_taken_back_whole(shop: Shop) -> None:
    """The quote is free already, and the coupons may be held still."""
    shop.peers.coupons[str(new_id())] = 5_000
    quote_id = QuoteId(UUID((await shop.quote(coupon_ids=None))["quote_id"]))
    order_id = OrderId(new_id_in(shard_of(shop.user)))
    promotion = shop.running.kit.ports["promotion"]
    shop.peers.locks[str(order_id)] = list(shop.peers.coupons)
    for _ in range(2):
        await resume_placing(shop.running.begin, promotion, order_id, quote_id)
    assert not shop.peers.locks
    assert str(order_id) in shop.peers.released
    assert not await shop.running.told(OrderPlaced)


async def test_what_was_taken_back_so_long_ago_that_its_quote_is_gone_lets_its_coupons_go(
    shop: Shop,
) -> None:
    """The quote was freed and forgotten while promotion could not be reached."""
    shop.peers.coupons[str(new_id())] = 5_000
    quote = await shop.quote(coupon_ids=None)
    kept, shop.peers.coupons = shop.peers.coupons, {}
    shop.peers.deaf = 2
    assert (await shop.post_order(quote)).status_code == 503
    async with shop.running.begin() as tx:
        [timer] = await tx.run("SELECT ref FROM timers WHERE kind = 'placing'")
        await tx.run("DELETE FROM price_quotes")
    shop.peers.locks[str(timer["ref"])] = list(kept)
    await shop.running.pass_time(seconds=30)

    assert not shop.peers.locks
    assert str(timer["ref"]) in shop.peers.released
    async with shop.running.begin() as tx:
        assert not await tx.run("SELECT ref FROM timers WHERE kind = 'placing'")
