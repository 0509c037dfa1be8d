"""The books as one snapshot: rows of six databases, and what the outside world wrote down."""

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from deploy.local.record import Home

SERVICES = ("user", "order", "worker", "dispatch", "payment", "promotion")
Rows = list[asyncpg.Record]


@dataclass
class Finding:
    """How many rows a rule looked at, and what broke it."""

    checked: int = 0
    broken: list[str] = field(default_factory=list)

    def look(self, rows: Rows | list[Any]) -> None:
        self.checked += len(rows)

    def want(self, holds: bool, what: str) -> None:
        if not holds:
            self.broken.append(what)


@dataclass
class Books:
    """Open connections to every book. Reads only."""

    databases: Mapping[str, asyncpg.Connection]
    sandbox: str
    http: httpx.AsyncClient
    logs: Path

    async def rows(self, service: str, sql: str, *values: Any) -> Rows:
        found: Rows = await self.databases[service].fetch(sql, *values)
        return found

    async def outside(self, path: str, **query: str) -> Any:
        """One of the sandbox's books."""
        answer = await self.http.get(f"{self.sandbox}/__sandbox/{path}", params=query)
        answer.raise_for_status()
        return answer.json()

    async def pages(self, path: str, rows: str) -> list[dict[str, Any]]:
        """All pages of a book that comes in pages."""
        found: list[dict[str, Any]] = []
        after: Any = 0
        while after is not None:
            page = await self.outside(path, after=str(after), limit="1000")
            found += page[rows]
            after = page.get("next_after")
        return found


@contextlib.asynccontextmanager
async def books_of(home: Path) -> AsyncIterator[Books]:
    """The books of the fleet that runs in this home folder."""
    record = Home(home).read()
    if not record:
        raise SystemExit("No fleet runs here: start one with `make up`.")
    async with contextlib.AsyncExitStack() as stack:
        databases = {}
        for service in SERVICES:
            # The owner sees every table; the connection may only read.
            url = record["databases"][service]["owner"].replace("+asyncpg", "")
            settings = {"default_transaction_read_only": "on", "application_name": "invariants"}
            connection = await asyncpg.connect(url, server_settings=settings)
            stack.push_async_callback(connection.close)
            databases[service] = connection
        http = await stack.enter_async_context(httpx.AsyncClient(timeout=60))
        yield Books(databases, record["urls"]["sandbox"], http, Path(record["logs"]))
