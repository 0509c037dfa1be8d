"""The rows of a placed order."""

import asyncio
from uuid import UUID

from services.order.domain.numbers import is_number
from services.order.storage.history import fold, history_of
from services.order.storage.orders import order_of
from shared.kit.caller import SYSTEM
from shared.kit.ids import shard_of
from tests.services.order.given import Shop

TABLES = ("orders", "visits", "stops", "positions", "order_history", "price_quotes")


async def test_every_row_of_an_order_lies_in_the_shard_of_its_user(shop: Shop) -> None:
    await shop.placed(shop.cleaning)
    async with shop.running.begin() as tx:
        for table in TABLES:
            rows = await tx.run(f"SELECT shard FROM {table}")
            assert {row[0] for row in rows} == {shard_of(shop.user)}, table


async def test_the_history_folds_to_the_row(shop: Shop) -> None:
    for order in (await shop.placed(), await shop.paid(), await shop.assigned(shop.cleaning)):
        async with shop.running.begin() as tx:
            row = await order_of(tx, SYSTEM, UUID(order["id"]))
            history = await history_of(tx, row)
        assert fold(history) is row.state
        assert [entry.number for entry in history] == list(range(1, row.version + 1))


async def test_numbers_of_orders_placed_at_once_all_differ_and_check(shop: Shop) -> None:
    orders = await asyncio.gather(*(shop.placed() for _ in range(12)))
    numbers = {order["number"] for order in orders}
    assert len(numbers) == 12
    assert all(is_number(number) for number in numbers)
