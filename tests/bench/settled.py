"""When everything told has been heard: outboxes empty, each listener level with what was told."""

import asyncio
import importlib
import time

import asyncpg

from shared.kit.inbox import handlers_of
from tests.bench.ground import SERVICES, Ground

PATIENCE_SECONDS = 180
_HEARD = "SELECT handler, count(*) AS events FROM inbox GROUP BY handler"
_TOLD = "SELECT type, count(*) AS events FROM outbox GROUP BY type"
_WAITING = (
    "SELECT (SELECT count(*) FROM outbox WHERE sent_at IS NULL)"
    " + (SELECT count(*) FROM requests WHERE NOT done)"
)


class NeverQuiet(Exception):
    """Something still waits that should long have been done."""


async def until_heard(ground: Ground, *, patience_seconds: float = PATIENCE_SECONDS) -> float:
    """Wait until every event has reached each of its listeners; the instant it was so.

    Raises NeverQuiet.
    """
    for service in SERVICES:  # So that each service's handlers are known.
        importlib.import_module(f"services.{service}.events.handlers")
    until = time.monotonic() + patience_seconds
    async with ground.books() as books:
        while time.monotonic() < until:
            if not await _waiting(books) and not await behind(books):
                return time.monotonic()
            await asyncio.sleep(0.1)
        raise NeverQuiet(f"{await _waiting(books)} unsent, behind: {await behind(books)}")


async def _waiting(books: dict[str, asyncpg.Connection]) -> int:
    """Events not sent and requests not answered."""
    return sum([await book.fetchval(_WAITING) for book in books.values()])


async def behind(books: dict[str, asyncpg.Connection]) -> dict[str, int]:
    """The handlers that have not heard everything, and how many events they lack."""
    told: dict[str, int] = {}
    for book in books.values():
        told |= {row["type"]: row["events"] for row in await book.fetch(_TOLD)}
    lacking = {}
    for service, book in books.items():
        heard = {row["handler"]: row["events"] for row in await book.fetch(_HEARD)}
        wanted: dict[str, int] = {}
        for type, handlers in handlers_of(service).items():
            for handler in handlers:
                wanted[handler.name] = wanted.get(handler.name, 0) + told.get(type, 0)
        for name, events in wanted.items():
            if heard.get(name, 0) < events:
                lacking[f"{service}.{name}"] = events - heard.get(name, 0)
    return lacking
