"""Pricing a wish."""

from uuid import UUID

import pytest

from services.order.domain.catalogue import OfferingNotFound
from services.order.domain.deadlines import QUOTE_KEPT_SECONDS, QUOTE_SECONDS
from services.order.domain.quoting import Wish, WishedStop
from services.order.domain.stops import Lines, Place, StopKind
from services.order.storage.quotes import claim_quote
from services.order.use_cases.quote_price import quote_price
from shared.contracts.ids import OfferingId, OrderId
from shared.kit.caller import Caller, Role
from shared.kit.ids import new_id, new_id_in, shard_of
from tests.services.order.given import Shop, known_quote
from tests.support.service import as_json

HERE = Place(22.3193, 114.1694, "YT", Lines(flat="SECRETFLAT"))
STOPS = [WishedStop(StopKind.PICK_UP, None, HERE), WishedStop(StopKind.DROP_OFF, None, HERE)]


async def test_a_quote_keeps_all_that_was_priced_and_no_line_in_clear(shop: Shop) -> None:
    ports, caller = shop.running.kit.ports, Caller(shop.user, Role.USER)
    wish = Wish(OfferingId(shop.towing), 1, STOPS, coupon_ids=[])
    kept, quoted = await quote_price(
        shop.running.begin, ports["addresses"], ports["promotion"], caller, wish
    )
    async with shop.running.begin() as tx:
        quote = await known_quote(tx, kept.id)
    assert quote.payable == quoted.payable == quoted.price.total
    assert quote.ask["duration_seconds"] == 90 * 60
    assert [stop["kind"] for stop in quote.stops] == ["pick_up", "drop_off"]
    assert "SECRET" not in str(quote.stops)
    assert not shop.peers.calls


async def test_a_new_quote_clears_old_ones_away_but_none_that_may_be_in_use(shop: Shop) -> None:
    for _ in range(3):
        await shop.quote()
    await shop.running.pass_time(seconds=QUOTE_SECONDS + QUOTE_KEPT_SECONDS - 60)
    recent = await shop.quote()
    assert len(await _quotes(shop)) == 4
    await shop.running.pass_time(minutes=2)
    newest = await shop.quote()
    assert await _quotes(shop) == {recent["quote_id"], newest["quote_id"]}


async def test_a_placing_that_is_not_finished_keeps_its_quote(shop: Shop) -> None:
    shop.peers.coupons[str(new_id())] = 5_000
    ids = [UUID((await shop.quote(coupon_ids=None))["quote_id"]) for _ in range(3)]
    as_json(await shop.post_order(await shop.quote()))
    async with shop.running.begin() as tx:
        for quote_id in ids[:2]:
            quote = await known_quote(tx, quote_id)
            claim_quote(tx, quote, OrderId(new_id_in(shard_of(shop.user))), "1234")
    await shop.running.pass_time(seconds=QUOTE_SECONDS + QUOTE_KEPT_SECONDS + 60)
    newest = await shop.quote()

    assert await _quotes(shop) == {str(id) for id in ids[:2]} | {newest["quote_id"]}


async def _quotes(shop: Shop) -> set[str]:
    async with shop.running.begin() as tx:
        return {str(row["id"]) for row in await tx.run("SELECT id FROM price_quotes")}


async def test_an_unknown_offering_is_refused_before_anybody_is_asked(shop: Shop) -> None:
    ports, caller = shop.running.kit.ports, Caller(shop.user, Role.USER)
    with pytest.raises(OfferingNotFound):
        await quote_price(
            shop.running.begin,
            ports["addresses"],
            ports["promotion"],
            caller,
            Wish(OfferingId(new_id()), 1, STOPS),
        )
