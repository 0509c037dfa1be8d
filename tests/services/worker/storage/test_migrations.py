"""The migrated database is what the rows say, and every query has its index."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import CheckConstraint, Connection, Enum, text
from sqlalchemy.ext.asyncio import create_async_engine

from services.worker import storage
from shared.run.migrate import KIT_TABLES
from tests.support.service import Running


def differences(connection: Connection) -> list[object]:
    def ours(_: object, name: str | None, kind: str, *__: object) -> bool:
        return not (kind == "table" and name in KIT_TABLES)

    options = {"include_object": ours, "compare_type": True, "compare_server_default": True}
    context = MigrationContext.configure(connection, opts=options)
    return list(compare_metadata(context, storage.Row.metadata))


async def test_the_migrated_database_is_what_the_rows_say(run: Running) -> None:
    engine = create_async_engine(run.kit.settings.owner_database_url)
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


async def test_each_check_of_the_database_is_the_rows(run: Running) -> None:
    sql = "SELECT conname, pg_get_constraintdef(oid) AS said FROM pg_constraint WHERE contype = ANY"
    engine = create_async_engine(run.kit.settings.owner_database_url)
    async with engine.connect() as connection:
        rows = await connection.execute(text(sql + "('{c,x}')"))
        there = {row.conname: row.said for row in rows}
    await engine.dispose()

    for table in storage.Row.metadata.sorted_tables:
        checks = [one for one in table.constraints if isinstance(one, CheckConstraint)]
        assert {str(check.name) for check in checks} <= there.keys()
        for column in table.columns:
            if isinstance(column.type, Enum):
                said = there[f"ck_{table.name}_{column.type.name}"]
                assert [value for value in column.type.enums if f"'{value}'" not in said] == []
                assert said.count("::character varying") == len(column.type.enums)
    assert "EXCLUDE USING gist (worker_id WITH =, slot WITH &&)" in there["ex_bookings_slot"]
    assert "ex_time_off_days" in there


async def test_the_calendar_is_asked_by_its_index(run: Running) -> None:
    ask = (
        "EXPLAIN SELECT min(lower(slot)) FROM bookings WHERE worker_id = gen_random_uuid()"
        " AND state IN ('held', 'ended') AND slot && tstzrange(now(), NULL)"
    )
    async with run.begin() as tx:
        await tx.run("SET LOCAL enable_seqscan = off")
        plan = "\n".join(row[0] for row in await tx.run(ask))
    assert "ex_bookings_slot" in plan or "ix_bookings_worker_id" in plan
