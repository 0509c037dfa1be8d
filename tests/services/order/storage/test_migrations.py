"""The migrated database is what the rows say, and holds the rules by itself."""

from typing import Any
from uuid import UUID

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from services.order.storage import Row
from shared.run.migrate import KIT_TABLES
from tests.services.order.given import Shop
from tests.support.checks import checks_of_database, checks_of_rows


def _differences(connection: Connection) -> list[Any]:
    def ours(name: str | None, kind: str, _: object) -> bool:
        return not (kind == "table" and name in KIT_TABLES)

    context = MigrationContext.configure(connection, opts={"include_name": ours})
    return list(compare_metadata(context, Row.metadata))


async def test_rows_and_database_agree(shop: Shop) -> None:
    async with shop.running.kit.engine.connect() as connection:
        assert await connection.run_sync(_differences) == []


async def test_each_check_of_the_database_is_the_rows(shop: Shop) -> None:
    engine = create_async_engine(shop.running.kit.settings.owner_database_url)
    async with engine.connect() as connection:
        there = await connection.run_sync(checks_of_database, Row.metadata)
        said = await connection.run_sync(checks_of_rows, Row.metadata)
    await engine.dispose()

    assert ("orders", "ck_orders_state") in said
    assert there == said


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
