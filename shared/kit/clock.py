"""Business time: the wall clock plus an offset that only the sandbox holds.

Leases, request deadlines, back-off, rate limits and lag use the wall or monotonic clock instead.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Protocol

import aiohttp

from shared.kit.log import get_logger

LONG_POLL_SECONDS = 30
RETRY_SECONDS = 0.5

log = get_logger(__name__)


class Clock(Protocol):
    """Where ``now`` comes from."""

    def now(self) -> datetime: ...


class OffsetClock:
    """The wall clock moved forward by an offset, which never shrinks. Aware UTC."""

    def __init__(self, offset_seconds: float = 0) -> None:
        self.offset_seconds = offset_seconds

    def now(self) -> datetime:
        return wall_now() + timedelta(seconds=self.offset_seconds)

    def advance_to(self, offset_seconds: float) -> None:
        self.offset_seconds = max(self.offset_seconds, offset_seconds)


def wall_now() -> datetime:
    """The machine's own time, for leases, pruning and Kafka's timestamps only."""
    return datetime.now(UTC)


async def follow(
    clock: OffsetClock, session: aiohttp.ClientSession, sandbox_url: str, process: str
) -> None:
    """Keep the clock at the sandbox's offset by long polling, until cancelled."""
    query = {"process": process}
    while True:
        known = await offset_at(session, sandbox_url, query)
        clock.advance_to(known)
        query["after"] = str(known)


async def offset_at(
    session: aiohttp.ClientSession, sandbox_url: str, query: Mapping[str, str]
) -> float:
    """The sandbox's offset in seconds, as soon as it answers."""
    url, limit = f"{sandbox_url}/__sandbox/clock", aiohttp.ClientTimeout(LONG_POLL_SECONDS)
    while True:
        try:
            async with session.get(url, params=query, timeout=limit) as answer:
                return float((await answer.json())["offset_seconds"])
        except (aiohttp.ClientError, TimeoutError, KeyError, ValueError) as lost:
            log.info("clock.sandbox_unreachable", reason=type(lost).__name__)
            await asyncio.sleep(RETRY_SECONDS)
