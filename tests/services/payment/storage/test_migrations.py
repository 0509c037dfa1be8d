"""The migrated database is what the rows say it is."""

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from services.payment.storage import Row
from shared.run.migrate import KIT_TABLES
from tests.services.payment.world import World
from tests.support.checks import checks_of_database, checks_of_rows


async def test_rows_and_tables_agree(world: World) -> None:
    def compare(connection: Connection) -> list[Any]:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "include_object": lambda _o, name, kind, _r, _c: (
                    kind != "table" or name not in KIT_TABLES
                ),
            },
        )
        return list(compare_metadata(context, Row.metadata))

    async with world.payment.kit.engine.connect() as connection:
        assert await connection.run_sync(compare) == []


async def test_each_check_of_the_database_is_the_rows(world: World) -> None:
    engine = create_async_engine(world.payment.kit.settings.owner_database_url)
    async with engine.connect() as connection:
        there = await connection.run_sync(checks_of_database, Row.metadata)
        said = await connection.run_sync(checks_of_rows, Row.metadata)
    await engine.dispose()

    assert ("entries", "ck_entries_amount_not_zero") in said
    assert there == said
