"""A transaction's surroundings: faults told apart, and connections that the server has closed."""

import asyncio
import os
import signal
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import bindparam, text
from sqlalchemy import types as sql

from shared.kit.database import ValueOutOfRange, engine_for, is_passing, problem_of
from shared.kit.ids import new_id
from shared.kit.session import Begin
from tests.support.service import Running
from tests.support.toy.storage import Tool


async def test_a_value_the_driver_cannot_send_is_the_askers_fault_and_does_not_pass(
    toy: Running,
) -> None:
    faults: list[BaseException] = []
    async with toy.begin() as tx:
        with pytest.raises(asyncpg.DataError) as caught:
            await tx.run("SELECT $1::bigint", 2**70)
        faults.append(caught.value)
    asked = text("SELECT :big").bindparams(bindparam("big", 2**70, sql.BigInteger))
    async with toy.begin() as tx:
        with pytest.raises(Exception, match="int64") as wrapped:
            await tx.session.execute(asked)
        faults.append(wrapped.value)

    assert [is_passing(fault) for fault in faults] == [False, False]
    assert [type(problem_of(fault)) for fault in faults] == [ValueOutOfRange] * 2


async def test_connections_that_the_server_closed_are_not_handed_out(toy: Running) -> None:
    async def one() -> None:
        async with toy.begin() as tx:
            await tx.run("SELECT pg_sleep(0.05)")

    await asyncio.gather(*(one() for _ in range(5)))
    admin = await asyncpg.connect(
        toy.kit.settings.database_url.replace("postgresql+asyncpg", "postgresql")
    )
    ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
    killed = await admin.fetch(f"{ended} AND datname = current_database()")
    await admin.close()
    await asyncio.sleep(0.2)
    await asyncio.gather(*(one() for _ in range(5)))

    assert len(killed) >= 5


@pytest.mark.parametrize("by_orm", [False, True])
async def test_a_begin_that_was_given_up_takes_no_later_change_with_it(
    toy: Running, by_orm: bool
) -> None:
    engine = engine_for(toy.kit.settings.database_url, name="toy", pool_size=1)
    begin, tool = Begin(engine, toy.clock, toy.kit.keyring), new_id()

    async def look() -> int:
        async with begin() as tx:
            if by_orm:
                return int(await tx.session.scalar(text("SELECT pg_backend_pid()")))
            return int((await tx.run("SELECT pg_backend_pid()"))[0][0])

    backend = await look()
    os.kill(backend, signal.SIGSTOP)  # A server that stalls: it will carry out what it was sent.
    try:
        looking = asyncio.create_task(look())
        await asyncio.sleep(0.2)
        looking.cancel()
        await asyncio.wait([looking], timeout=0.5)
    finally:
        os.kill(backend, signal.SIGCONT)
    await asyncio.wait([looking])
    async with begin() as tx:
        await tx.run("INSERT INTO notes (tool, note) VALUES ($1, 'kept')", tool)

    async with toy.begin() as tx:
        assert len(await tx.run("SELECT FROM notes WHERE tool = $1", tool)) == 1
    await engine.dispose()


async def test_a_replica_is_read_only(toy: Running) -> None:
    engine = engine_for(toy.kit.settings.database_url, name="toy", pool_size=1, read_only=True)
    begin = Begin(engine, toy.clock, toy.kit.keyring)
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        async with begin() as tx:
            await tx.run("INSERT INTO notes (tool, note) VALUES ($1, 'a')", UUID(int=1))
    await engine.dispose()


async def count_of(toy: Running, table: str) -> int:
    async with toy.begin() as tx:
        [row] = await tx.run(f"SELECT count(*) FROM {table}")
    return int(row[0])


async def test_what_is_written_last_goes_in_one_statement_with_its_timers(toy: Running) -> None:
    tools = [Tool(name=f"saw {number}") for number in range(3)]
    async with toy.begin() as tx:
        tx.write(*tools)
        tx.later("INSERT INTO notes (tool, note) VALUES ($1, $2)", tools[0].id, "sharp")
        await tx.schedule("return", tools[0].id, tx.now, days=3)
        await tx.schedule("oil", tools[1].id, tx.now)
        await tx.cancel_timer("oil", tools[1].id)
        assert await tx.run("SELECT 1 FROM tools") == []
    async with toy.begin() as tx:
        names = [row["name"] for row in await tx.run("SELECT name FROM tools ORDER BY id")]
        timers = await tx.run("SELECT kind, payload FROM timers")

    assert names == ["saw 0", "saw 1", "saw 2"]
    assert [(row["kind"], row["payload"]) for row in timers] == [("return", {"days": 3})]
    assert await count_of(toy, "notes") == 1


async def test_of_what_is_written_last_all_or_nothing_stays(toy: Running) -> None:
    tool = Tool(name="saw")
    with pytest.raises(asyncpg.UniqueViolationError):
        async with toy.begin() as tx:
            tx.write(tool, Tool(name="axe", id=tool.id))
            await tx.schedule("return", tool.id, tx.now)

    assert await count_of(toy, "tools") == await count_of(toy, "timers") == 0


async def test_the_orm_and_plain_statements_share_a_transaction(toy: Running) -> None:
    tool = Tool(name="saw")
    with pytest.raises(RuntimeError, match="no"):
        async with toy.begin() as tx:
            tx.add(tool)
            await tx.flush()
            assert await tx.run("SELECT name FROM tools WHERE id = $1", tool.id)
            raise RuntimeError("no")
    assert await count_of(toy, "tools") == 0

    async with toy.begin() as tx:
        tx.add(tool)
        tx.later("INSERT INTO notes (tool, note) VALUES ($1, 'a')", tool.id)
    async with toy.begin() as tx:
        found = await tx.session.get_one(Tool, tool.id)
        found.name = "axe"
    async with toy.begin.alone() as tx:
        assert (await tx.session.get_one(Tool, tool.id)).name == "axe"


async def test_statements_alone_commit_each_by_itself(toy: Running) -> None:
    with pytest.raises(RuntimeError, match="no"):
        async with toy.begin.alone() as tx:
            await tx.run("INSERT INTO notes (tool, note) VALUES ($1, 'kept')", new_id())
            raise RuntimeError("no")
    assert await count_of(toy, "notes") == 1

    with pytest.raises(RuntimeError, match="no"):
        async with toy.begin() as tx:  # The same connection has a transaction again.
            await tx.run("INSERT INTO notes (tool, note) VALUES ($1, 'lost')", new_id())
            raise RuntimeError("no")
    assert await count_of(toy, "notes") == 1


async def test_a_cancelled_transaction_gives_its_connection_back(toy: Running) -> None:
    async def slow() -> None:
        async with toy.begin() as tx:
            await tx.run("SELECT pg_sleep(5)")

    running = [asyncio.create_task(slow()) for _ in range(8)]
    await asyncio.sleep(0.2)
    for one in running:
        one.cancel()
    await asyncio.gather(*running, return_exceptions=True)

    assert toy.kit.pool_in_use() == 0
    assert await count_of(toy, "tools") == 0


async def test_a_server_that_lets_nobody_in_is_told_apart_as_the_drivers_own_fault(
    toy: Running,
) -> None:
    url, _, _ = toy.kit.settings.database_url.rpartition("/")
    engine = engine_for(f"{url}/nowhere", name="toy", pool_size=1)
    begin = Begin(engine, toy.clock, toy.kit.keyring)
    for opening in (begin, begin.alone):
        with pytest.raises(asyncpg.InvalidCatalogNameError):
            async with opening():
                pass
    await engine.dispose()
