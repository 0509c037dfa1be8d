"""The migrated database is what the rows say, and what it holds cannot be read."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import CheckConstraint, Connection, Enum, text
from sqlalchemy.ext.asyncio import create_async_engine

from services.user import storage
from shared.run.migrate import KIT_TABLES
from tests.services.user.people import (
    ADDRESS,
    add_address,
    log_in_by_phone,
    log_in_by_wechat,
    new_phone,
)
from tests.support.sandbox import Sandbox
from tests.support.service import Running


def differences(connection: Connection) -> list[object]:
    def ours(_: object, name: str | None, kind: str, *__: object) -> bool:
        return not (kind == "table" and name in KIT_TABLES)

    context = MigrationContext.configure(
        connection, opts={"include_object": ours, "compare_type": True}
    )
    return list(compare_metadata(context, storage.Row.metadata))


async def test_the_migrated_database_is_what_the_rows_say(user: Running) -> None:
    engine = create_async_engine(user.kit.settings.owner_database_url)
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


async def test_each_check_of_the_database_is_the_rows(user: Running) -> None:
    sql = "SELECT conname, pg_get_constraintdef(oid) AS said FROM pg_constraint WHERE contype = 'c'"
    engine = create_async_engine(user.kit.settings.owner_database_url)
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


async def test_nothing_personal_lies_in_the_database_in_clear(
    user: Running, sandbox: Sandbox
) -> None:
    phone = new_phone()
    person = await log_in_by_phone(user, sandbox, phone)
    await log_in_by_wechat(user, "visible-person")
    await user.http.put("/me", json={"display_name": "Zephyrine"}, headers=person.headers())
    await add_address(user, person)

    engine = create_async_engine(user.kit.settings.owner_database_url)
    dump = ""
    async with engine.connect() as connection:
        tables = await connection.execute(
            text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        )
        for (table,) in tables.all():
            # Bytes as text too: a sealed column must not hold the clear bytes.
            rows = await connection.execute(text(f"SELECT t::text FROM {table} t"))
            dump += "\n".join(row[0] for row in rows)
    await engine.dispose()

    secrets = [phone, phone[4:], "Zephyrine", person.refresh_token, *ADDRESS["lines"].values()]
    secrets += [ADDRESS["label"], ADDRESS["parking_note"], "o-"]
    assert len(dump) > 1_000
    for secret in secrets[:-1]:
        assert secret not in dump
        assert secret.encode().hex() not in dump
