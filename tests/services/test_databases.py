"""The migrated database of each service is what its rows say: tables, columns, indexes, CHECKs."""

import importlib
import os
import pkgutil
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Enum, MetaData
from sqlalchemy.ext.asyncio import create_async_engine

from deploy.local.secrets import SERVICES
from shared.run.migrate import KIT_TABLES
from tests.support.checks import checks_of_database, checks_of_rows
from tests.support.cluster import postgres_of
from tests.support.databases import give_back, take


def rows_of(service: str) -> MetaData:
    """All tables that the service's storage declares."""
    storage = importlib.import_module(f"services.{service}.storage")
    for module in pkgutil.iter_modules(storage.__path__):
        importlib.import_module(f"{storage.__name__}.{module.name}")
    metadata: MetaData = storage.Row.metadata
    return metadata


def differences(connection: Connection, rows: MetaData) -> list[Any]:
    def ours(_: object, name: str | None, kind: str, *__: object) -> bool:
        return not (kind == "table" and name in KIT_TABLES)

    options = {"include_object": ours, "compare_type": True}
    context = MigrationContext.configure(connection, opts=options)
    return list(compare_metadata(context, rows))


@pytest.mark.parametrize("service", SERVICES)
async def test_the_migrated_database_is_what_the_rows_say(service: str) -> None:
    rows, name = rows_of(service), await take(os.environ, service, f"services.{service}")
    postgres = postgres_of(os.environ)
    engine = create_async_engine(postgres.url(f"{service}_owner", name))
    async with engine.connect() as connection:
        other = await connection.run_sync(differences, rows)
        there = await connection.run_sync(checks_of_database, rows)
        said = await connection.run_sync(checks_of_rows, rows)
    await engine.dispose()
    await give_back(os.environ, service, name)

    assert other == []
    assert there == said
    states = [
        (table.name, f"ck_{table.name}_{column.type.name}")
        for table in rows.tables.values()
        for column in table.columns
        if isinstance(column.type, Enum)
    ]
    assert states
    assert set(states) <= there.keys()
