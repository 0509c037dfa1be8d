"""The second half of a placing with coupons."""

import asyncio
from collections.abc import Coroutine
from typing import Any
from uuid import UUID

import pytest

from services.order.domain.placing import Placing
from services.order.storage.quotes import claim_quote, placing_by, quote_for_update
from services.order.use_cases.finish_placing import finish_placing
from services.order.use_cases.take_back_placing import take_back_placing
from shared.contracts.ids import OrderId
from shared.contracts.order import OrderPlaced
from shared.kit.errors import Refused
from shared.kit.ids import new_id, new_id_in, shard_of
from shared.kit.once import RequestUndone, Steps
from tests.services.order.given import Shop, known_quote, waiters


async def claimed(shop: Shop) -> Placing:
    """A placing with a coupon after its first transaction."""
    shop.peers.coupons[str(new_id())] = 5_000
    quote_id = UUID((await shop.quote(coupon_ids=None))["quote_id"])
    async with shop.running.begin() as tx:
        quote = await known_quote(tx, quote_id)
        return placing_by(claim_quote(tx, quote, OrderId(new_id_in(shard_of(shop.user))), "1234"))


async def test_a_placing_that_was_taken_back_is_not_finished(shop: Shop) -> None:
    placing = await claimed(shop)
    steps = Steps.resumed(shop.running.begin, placing.order_id)
    promotion = shop.running.kit.ports["promotion"]
    kept, shop.peers.coupons = shop.peers.coupons, {}
    with pytest.raises(Refused):
        await finish_placing(steps, promotion, placing)
    async with shop.running.begin() as tx:
        assert (await known_quote(tx, placing.quote_id)).order_id is None

    shop.peers.coupons = kept
    with pytest.raises(Refused):
        await finish_placing(steps, promotion, placing)
    assert not shop.peers.locks
    assert not await shop.running.told(OrderPlaced)


async def test_a_call_that_arrives_after_all_was_taken_back_holds_nothing(shop: Shop) -> None:
    """The coupon is another order's for a moment; the first try to hold it is still on its way."""
    placing = await claimed(shop)
    promotion = shop.running.kit.ports["promotion"]
    ids = [str(id) for id in placing.coupon_ids]
    shop.peers.locks["another order"] = ids
    with pytest.raises(Refused):
        await finish_placing(
            Steps.resumed(shop.running.begin, placing.order_id), promotion, placing
        )
    del shop.peers.locks["another order"]

    late = (placing.caller, placing.order_id, placing.basket, placing.coupon_ids)
    with pytest.raises(Refused):
        await promotion.lock(*late)
    assert not shop.peers.locks


async def test_whoever_holds_coupons_for_what_was_taken_back_lets_them_go(shop: Shop) -> None:
    placing = await claimed(shop)
    async with shop.running.begin() as tx:
        quote = await known_quote(tx, placing.quote_id)
        claim_quote(tx, quote, OrderId(new_id_in(shard_of(shop.user))), "5678")
    with pytest.raises(RequestUndone):
        await finish_placing(
            Steps.resumed(shop.running.begin, placing.order_id),
            shop.running.kit.ports["promotion"],
            placing,
        )

    assert shop.peers.calls == ["lock", "release"]
    assert not shop.peers.locks
    async with shop.running.begin() as tx:
        assert (await known_quote(tx, placing.quote_id)).order_id not in (None, placing.order_id)


@pytest.mark.race("quote_for_update")
@pytest.mark.parametrize("first", ["finish", "take_back"])
async def test_finishing_and_taking_back_at_once_leave_all_or_nothing(
    shop: Shop, first: str
) -> None:
    """Both stand at the quote, which somebody else holds for a moment, one before the other."""
    placing = await claimed(shop)
    promotion = shop.running.kit.ports["promotion"]
    steps = Steps.resumed(shop.running.begin, placing.order_id)
    whose = (placing.caller, placing.order_id, placing.quote_id)
    rivals: dict[str, Coroutine[Any, Any, object]] = {
        "finish": finish_placing(steps, promotion, placing),
        "take_back": take_back_placing(steps, promotion, *whose),
    }
    async with shop.running.begin() as tx:
        await quote_for_update(tx, placing.caller, placing.quote_id)
        running = [asyncio.create_task(rivals.pop(first))]
        await waiters(shop, 1)
        running += [asyncio.create_task(rival) for rival in rivals.values()]
        await waiters(shop, 2)
    ended = await asyncio.gather(*running, return_exceptions=True)

    told = await shop.running.told(OrderPlaced)
    async with shop.running.begin() as tx:
        owner = (await known_quote(tx, placing.quote_id)).order_id
    if first == "finish":
        assert not any(isinstance(end, BaseException) for end in ended)
        assert [event.order_id for event in told] == [owner] == [placing.order_id]
        assert list(shop.peers.locks) == [str(placing.order_id)]
    else:
        assert [type(end) for end in ended] == [type(None), RequestUndone]
        assert (told, owner, shop.peers.locks) == ([], None, {})
        assert str(placing.order_id) in shop.peers.released
