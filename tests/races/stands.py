"""Each service once, for all tests of a module, with whom its examples act for."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from shared.kit.session import Transaction
from tests.services.dispatch.given import Scene
from tests.services.dispatch.peers import serving
from tests.services.order.peers import peers
from tests.services.order.works import Works, works
from tests.services.payment.conftest import _reached, _together
from tests.services.payment.world import World
from tests.support.sandbox import Sandbox, sandbox_of
from tests.support.service import Running, running

T = TypeVar("T")


@dataclass
class Stands:
    """The six services, each started when an example first asks for it; their state stays."""

    sandbox: Sandbox
    stack: AsyncExitStack
    _open: dict[str, Any] = field(default_factory=dict)

    async def user(self) -> Running:
        return await self._once("user", lambda: self._start("user", **self.sandbox.settings()))

    async def order(self) -> Works:
        """With the catalogue, the object store and both peers."""

        async def begin() -> Works:
            both = await self.stack.enter_async_context(peers())
            urls = {"USER_URL": both.url, "PROMOTION_URL": both.url}
            return await works(await self._start("order", **(self.sandbox.settings() | urls)))

        return await self._once("order", begin)

    async def worker(self) -> Running:
        return await self._once("worker", lambda: self._start("worker"))

    async def dispatch(self) -> Scene:
        """Between two peers; a worker may say where they are as often as they like."""

        async def begin() -> Scene:
            both = await self.stack.enter_async_context(serving())
            urls = {"WORKER_URL": both.url, "ORDER_URL": both.url, "position_every_seconds": 0}
            return Scene(await self._start("dispatch", **urls), both)

        return await self._once("dispatch", begin)

    async def payment(self) -> World:
        """At the sandbox, whose clock it moves along."""

        async def begin() -> World:
            payment = await self._start("payment", **self.sandbox.settings())
            reached = await self.stack.enter_async_context(_reached(self.sandbox))
            return await _together(World(payment, reached))

        return await self._once("payment", begin)

    async def promotion(self) -> Running:
        return await self._once("promotion", lambda: self._start("promotion"))

    async def running(self, name: str) -> Running:
        """Any of them by name."""
        stand = await getattr(self, name)()
        if isinstance(stand, Running):
            return stand
        found: Running = stand.running if isinstance(stand, Works) else getattr(stand, name)
        return found

    async def _start(self, name: str, **settings: Any) -> Running:
        return await self.stack.enter_async_context(running(os.environ, name, **settings))

    async def _once(self, name: str, begin: Callable[[], Awaitable[T]]) -> T:
        if name not in self._open:
            self._open[name] = await begin()
        opened: T = self._open[name]
        return opened


@asynccontextmanager
async def stands(sandbox: str) -> AsyncIterator[Stands]:
    """All of them, with a sandbox of this name."""
    async with AsyncExitStack() as stack:
        yield Stands(await sandbox_of(os.environ, sandbox), stack)


_TABLES = """
SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'
"""


async def _tables(tx: Transaction) -> list[str]:
    return sorted(row["tablename"] for row in await tx.run(_TABLES))


async def counts(run: Running) -> dict[str, int]:
    """How many rows each table of a service has."""
    async with run.begin() as tx:
        tables = await _tables(tx)
        each = ", ".join(f'(SELECT count(*) FROM "{table}") AS "{table}"' for table in tables)
        [row] = await tx.run(f"SELECT {each}")
    return dict(row)


def more_rows(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    """By table, how many rows have come or gone."""
    return {table: rows - before[table] for table, rows in after.items() if rows != before[table]}


async def picture(run: Running, *without: str) -> dict[str, set[str]]:
    """Every row of a service as text, by table; some tables left out."""
    async with run.begin() as tx:
        return {
            table: {row["line"] for row in await tx.run(f'SELECT t::text AS line FROM "{table}" t')}
            for table in await _tables(tx)
            if table not in without
        }
