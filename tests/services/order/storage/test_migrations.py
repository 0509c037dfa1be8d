"""The migrated database is what the rows say, and holds the rules by itself."""

from typing import Any
from uuid import UUID

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import CheckConstraint, Connection

from services.order.storage import Row
from shared.run.migrate import KIT_TABLES
from tests.services.order.given import Shop


def _differences(connection: Connection) -> list[Any]:
    def ours(name: str | None, kind: str, _: object) -> bool:
        return not (kind == "table" and name in KIT_TABLES)

    context = MigrationContext.configure(connection, opts={"include_name": ours})
    return list(compare_metadata(context, Row.metadata))


async def test_rows_and_database_agree(shop: Shop) -> None:
    async with shop.running.kit.engine.connect() as connection:
        assert await connection.run_sync(_differences) == []


async def test_every_check_of_the_rows_is_in_the_database(shop: Shop) -> None:
    async with shop.running.begin() as tx:
        rows = await tx.run(
            "SELECT conname, pg_get_constraintdef(oid) AS text FROM pg_constraint"
            " WHERE contype = 'c'"
        )
    there = {row["conname"]: row["text"] for row in rows}
    for table in Row.metadata.tables.values():
        for check in table.constraints:
            if not isinstance(check, CheckConstraint):
                continue
            assert str(check.name) in there, check.name
            values = {column.type.enums and tuple(column.type.enums)  # type: ignore[attr-defined]
                      for column in table.columns
                      if getattr(column.type, "name", None) and
                      str(check.name) == f"ck_{table.name}_{column.type.name}"}  # type: ignore[attr-defined]  # fmt: skip
            for value in {value for enums in values for value in enums}:
                assert f"'{value}'" in there[str(check.name)]


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
