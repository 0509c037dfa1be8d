"""The one clock of the fleet: wall time plus an offset that only grows and is never lost.

Processes long-poll the offset; an advance answers once each of them has asked again with it.
"""

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from deploy.sandbox.store import Store, fact, remember

POLL_SECONDS = 20.0
FORGOTTEN_AFTER_SECONDS = 25.0
ADVANCE_SECONDS_MAX = 30.0
GRACE_SECONDS = 10.0
FRESH_SECONDS = 300


@dataclass
class Process:
    """One process that follows the clock: the offset it has, and when it last asked."""

    offset: float
    asked_at: float
    parked: object | None = None

    def follows(self) -> bool:
        """Whether the process is waiting here, or did so a moment ago."""
        return self.parked is not None or (
            time.monotonic() - self.asked_at < FORGOTTEN_AFTER_SECONDS
        )


class Clock:
    """The sandbox's instants, and the processes that share its offset."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.offset = float(store.at_once(lambda db: fact(db, "clock_offset", "0")))
        self.settled = asyncio.Event()
        self.settled.set()
        self.closing = False
        self.listeners: list[Callable[[], None]] = []
        self._advances = 0
        self._processes: dict[str, Process] = {}
        self._old_offsets: dict[float, float] = {}
        self._changed = asyncio.Condition()

    def now(self) -> float:
        """The instant every signature, expiry and retry of the sandbox goes by."""
        return time.time() + self.offset

    def offset_of(self, timestamp: float, window: float = FRESH_SECONDS) -> float | None:
        """The offset by which a signed instant is fresh, or None if it is stale.

        A request signed just before an advance is still judged by the offset it was signed under.
        """
        wall, moment = time.time(), time.monotonic()
        self._old_offsets = {o: until for o, until in self._old_offsets.items() if until > moment}
        for offset in (self.offset, *self._old_offsets):
            if abs(wall + offset - timestamp) < window:
                return offset
        return None

    async def poll(self, process: str | None, after: float | None, request: Request) -> float:
        """Answer the offset once it is past `after`, or after twenty seconds."""
        ticket = object()
        name = process or f"unnamed-{id(ticket)}"
        known = -1.0 if after is None else after
        follower = Process(known, time.monotonic(), ticket if after is not None else None)
        if process is not None or after is not None:
            self._processes[name] = follower
            await self._tell()
        if after is not None and after >= self.offset:
            await self._park(name, follower, after, request)
        follower.asked_at = time.monotonic()
        follower.parked = None
        if process is None:
            self._processes.pop(name, None)
        return self.offset

    async def _park(self, name: str, follower: Process, after: float, request: Request) -> None:
        """Wait for the offset to grow; a process that hangs up is forgotten at once."""
        grown = asyncio.ensure_future(self._until(lambda: self.offset > after or self.closing))
        gone = asyncio.ensure_future(hung_up(request))
        try:
            done, _ = await asyncio.wait(
                {grown, gone}, timeout=POLL_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            grown.cancel()
            gone.cancel()
        if gone in done and self._processes.get(name) is follower:
            del self._processes[name]
            await self._tell()

    async def advance(self, seconds: float) -> tuple[float, list[str], list[str]]:
        """Move on, durably, and wait until every process that follows has the new offset."""

        def keep(db: sqlite3.Connection) -> float:
            offset = float(fact(db, "clock_offset", "0")) + seconds
            remember(db, "clock_offset", repr(offset))
            return offset

        self._advances += 1
        self.settled.clear()
        try:
            offset = await self._store.run(keep)
            self._old_offsets[self.offset] = time.monotonic() + ADVANCE_SECONDS_MAX
            self.offset = max(self.offset, offset)
            await self._tell()
            return (offset, *await self._wait_for_followers(offset))
        finally:
            self._advances -= 1
            if not self._advances:
                until = time.monotonic() + GRACE_SECONDS
                self._old_offsets = dict.fromkeys(self._old_offsets, until)
                self.settled.set()
            for listener in self.listeners:
                listener()
            await self._tell()

    async def _wait_for_followers(self, offset: float) -> tuple[list[str], list[str]]:
        """Who had the offset in time, and who followed but did not ask again."""
        started = time.monotonic()

        def behind() -> list[str]:
            return [n for n, p in self._processes.items() if p.offset < offset and p.follows()]

        while behind() and not self.closing:
            if time.monotonic() - started > ADVANCE_SECONDS_MAX:
                break
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    await self._until(lambda: not behind() or self.closing)
        have = sorted(n for n, p in self._processes.items() if p.offset >= offset)
        return have, sorted(behind())

    async def close(self) -> None:
        """Answer everybody who waits: the process is stopping."""
        self.closing = True
        await self._tell()

    async def _until(self, true: Callable[[], bool]) -> None:
        async with self._changed:
            await self._changed.wait_for(true)

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()


async def hung_up(request: Request) -> None:
    """Return when the caller has closed the connection."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


class Advance(BaseModel):
    """How far to move on."""

    model_config = ConfigDict(extra="forbid", strict=True)
    seconds: float = Field(gt=0, le=20 * 366 * 86_400)


def plain(seconds: float) -> int | float:
    """A whole number where the offset is one."""
    return int(seconds) if seconds == int(seconds) else seconds


def router(clock: Clock) -> APIRouter:
    """The two routes of the clock."""
    routes = APIRouter(prefix="/__sandbox/clock")

    @routes.get("")
    async def follow(
        request: Request,
        after: float | None = None,
        process: Annotated[str | None, Query(max_length=200)] = None,
    ) -> dict[str, int | float]:
        """The offset: at once without `after`, else when it has grown past it (≤ 20 s)."""
        return {"offset_seconds": plain(await clock.poll(process, after, request))}

    @routes.post("/advance")
    async def advance(body: Advance) -> dict[str, object]:
        """Move on and answer when every process that follows has it."""
        offset, have, behind = await clock.advance(body.seconds)
        return {"offset_seconds": plain(offset), "waited_for": have, "still_behind": behind}

    return routes
