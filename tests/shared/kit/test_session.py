"""A transaction's surroundings: faults told apart, and connections that the server has closed."""

import asyncio
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import bindparam, text
from sqlalchemy import types as sql

from shared.kit.session import ValueOutOfRange, begin_on, engine_for, is_passing, problem_of
from tests.support.service import Running


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


async def test_a_replica_is_read_only(toy: Running) -> None:
    engine = engine_for(toy.kit.settings.database_url, name="toy", pool_size=1, read_only=True)
    begin = begin_on(engine, clock=toy.clock, keyring=toy.kit.keyring)
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        async with begin() as tx:
            await tx.run("INSERT INTO notes (tool, note) VALUES ($1, 'a')", UUID(int=1))
    await engine.dispose()
