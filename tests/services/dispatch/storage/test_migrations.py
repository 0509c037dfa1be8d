"""The migrated database is what the rows say."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import CheckConstraint, Connection, Enum, text
from sqlalchemy.ext.asyncio import create_async_engine

from services.dispatch import storage
from shared.run.migrate import KIT_TABLES
from tests.conftest import ServiceFixture


def differences(connection: Connection) -> list[object]:
    def ours(_: object, name: str | None, kind: str, *__: object) -> bool:
        return not (kind == "table" and name in KIT_TABLES)

    context = MigrationContext.configure(
        connection, opts={"include_object": ours, "compare_type": True}
    )
    return list(compare_metadata(context, storage.Row.metadata))


async def test_the_migrated_database_is_what_the_rows_say(service: ServiceFixture) -> None:
    dispatch = await service("dispatch")
    engine = create_async_engine(dispatch.kit.settings.owner_database_url)
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


async def test_each_check_of_the_database_is_the_rows(service: ServiceFixture) -> None:
    dispatch = await service("dispatch")
    sql = "SELECT conname, pg_get_constraintdef(oid) AS said FROM pg_constraint WHERE contype = 'c'"
    engine = create_async_engine(dispatch.kit.settings.owner_database_url)
    async with engine.connect() as connection:
        there = {row.conname: row.said for row in await connection.execute(text(sql))}
    await engine.dispose()

    for table in storage.Row.metadata.sorted_tables:
        checks = [one for one in table.constraints if isinstance(one, CheckConstraint)]
        assert {str(check.name) for check in checks} <= there.keys()
        for column in table.columns:
            if isinstance(column.type, Enum):
                said = there[f"ck_{table.name}_{column.type.name}"]
                for value in column.type.enums:
                    assert f"'{value}'" in said
                assert said.count("::character varying") == len(column.type.enums)
