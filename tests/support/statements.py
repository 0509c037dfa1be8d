"""What a piece of code says to its database, so that a test can count it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.event import listen, remove
from sqlalchemy.ext.asyncio import AsyncEngine


@contextmanager
def statements_of(engine: AsyncEngine) -> Iterator[list[str]]:
    """Every statement that goes over the wire meanwhile."""
    seen: list[str] = []

    def log(record: Any) -> None:
        seen.append(record.query)

    def watch(adapted: Any, *_: object) -> None:
        adapted.driver_connection.add_query_logger(log)

    def leave(adapted: Any, *_: object) -> None:
        adapted.driver_connection.remove_query_logger(log)

    listen(engine.sync_engine, "checkout", watch)
    listen(engine.sync_engine, "checkin", leave)
    try:
        yield seen
    finally:
        remove(engine.sync_engine, "checkout", watch)
        remove(engine.sync_engine, "checkin", leave)
