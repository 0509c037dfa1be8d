"""The second half of a placing with coupons."""

from uuid import UUID

import pytest

from services.order.storage.quotes import claim_quote, placing_by, quote_of
from services.order.use_cases.finish_placing import finish_placing
from shared.contracts.order import OrderPlaced
from shared.kit.errors import Refused
from shared.kit.ids import new_id, new_id_in, shard_of
from shared.kit.once import RequestUndone, Steps
from tests.services.order.given import Shop


async def test_a_placing_that_was_taken_back_is_not_finished(shop: Shop) -> None:
    shop.peers.coupons[str(new_id())] = 5_000
    quote_id = UUID((await shop.quote(coupon_ids=None))["quote_id"])
    order_id = new_id_in(shard_of(shop.user))
    async with shop.running.begin() as tx:
        quote = await quote_of(tx, quote_id)
        placing = placing_by(claim_quote(tx, quote, order_id, "1234"))
    promotion = shop.running.kit.ports["promotion"]
    kept, shop.peers.coupons = shop.peers.coupons, {}
    with pytest.raises(Refused):
        await finish_placing(Steps.resumed(shop.running.begin, order_id), promotion, placing)
    async with shop.running.begin() as tx:
        assert (await quote_of(tx, quote_id)).order_id is None
    shop.peers.coupons = kept
    with pytest.raises(RequestUndone):
        await finish_placing(Steps.resumed(shop.running.begin, order_id), promotion, placing)
    assert not await shop.running.told(OrderPlaced)
