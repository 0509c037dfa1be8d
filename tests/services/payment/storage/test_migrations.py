"""The migrated database is what the rows say it is."""

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection

from services.payment.storage import Row
from shared.run.migrate import KIT_TABLES
from tests.services.payment.world import World


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
