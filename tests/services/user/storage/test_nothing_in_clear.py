"""What the database holds cannot be read by who has only the database."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from tests.services.user.people import (
    ADDRESS,
    add_address,
    log_in_by_phone,
    log_in_by_wechat,
    new_phone,
)
from tests.support.sandbox import Sandbox
from tests.support.service import Running


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
