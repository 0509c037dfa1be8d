"""The database holds the rules of orders by itself."""

from uuid import UUID

import asyncpg
import pytest

from tests.services.order.given import Shop


@pytest.mark.parametrize(
    "verb", ["UPDATE order_history SET reason = 'x'", "DELETE FROM order_history"]
)
async def test_history_can_only_be_added_to(shop: Shop, verb: str) -> None:
    await shop.placed()
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with shop.running.begin() as tx:
            await tx.run(verb)


@pytest.mark.parametrize(
    "change",
    [
        "state = 'paid'",
        "state = 'cancelled'",
        "payable_minor = -1",
        "payable_minor = list_price_minor + 1",
        "refunded_minor = payable_minor + 1",
        "urgency = 'soon'",
    ],
)
async def test_the_database_refuses_what_breaks_a_rule(shop: Shop, change: str) -> None:
    order = await shop.placed()
    with pytest.raises(asyncpg.CheckViolationError):
        async with shop.running.begin() as tx:
            await tx.run(f"UPDATE orders SET {change} WHERE id = $1", UUID(order["id"]))


async def test_a_worker_holds_one_position_of_a_visit_in_the_database_too(shop: Shop) -> None:
    order = await shop.assigned(shop.cleaning)
    with pytest.raises(asyncpg.UniqueViolationError):
        async with shop.running.begin() as tx:
            await tx.run(
                "UPDATE positions SET worker_id = (SELECT worker_id FROM positions"
                " WHERE order_id = $1 AND number = 1) WHERE order_id = $1 AND number = 2",
                UUID(order["id"]),
            )
