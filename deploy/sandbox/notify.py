"""Delivers notices on the network's retry table, by the sandbox's clock, and ends due refunds."""

import asyncio
import contextlib
import logging
import sqlite3
from functools import partial
from typing import Any

import aiohttp

from deploy.sandbox.clock import Clock
from deploy.sandbox.faults import FIRST_TRY_ONLY, ON_NOTICES, Faults, Kind, Rule
from deploy.sandbox.keys import Keys
from deploy.sandbox.notices import due, hold, lose, note_answer, note_probe
from deploy.sandbox.store import Store
from deploy.sandbox.wechat_book import settle_due
from deploy.sandbox.wechat_wire import Desk, hk_time

ANSWER_SECONDS_MAX = 5.0
TOGETHER_MAX = 64
IDLE_SECONDS = 60.0
TROUBLE_SECONDS = 1.0
CAUSES = {
    "TRANSACTION": ("POST /__sandbox/wechat/pay", "POST /v3/global/transactions/jsapi"),
    "REFUND": ("POST /v3/global/refunds",),
}

log = logging.getLogger(__name__)


class Notifier:
    """One loop that wakes when something is owed, when the clock moves, or when asked."""

    def __init__(self, store: Store, clock: Clock, faults: Faults, desk: Desk) -> None:
        self._store, self._clock, self._faults, self._desk = store, clock, faults, desk
        self._keys: Keys = desk.keys
        self._wake = asyncio.Event()
        self._in_hand: dict[str, asyncio.Task[None]] = {}
        self._loop: asyncio.Task[None] | None = None
        self._http: aiohttp.ClientSession | None = None
        clock.listeners.append(self.wake)

    def wake(self) -> None:
        """Look again what is owed."""
        self._wake.set()

    async def start(self) -> None:
        """Begin to deliver what the book holds."""
        limit = aiohttp.ClientTimeout(total=ANSWER_SECONDS_MAX)
        self._http = aiohttp.ClientSession(timeout=limit, cookie_jar=aiohttp.DummyCookieJar())
        self._loop = asyncio.create_task(self._deliver_for_ever(), name="notifier")

    async def stop(self) -> None:
        """Stop; what was not answered stays owed."""
        tasks = [task for task in (self._loop, *self._in_hand.values()) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._http is not None:
            await self._http.close()

    async def _deliver_for_ever(self) -> None:
        while True:
            await self._clock.settled.wait()
            self._wake.clear()
            try:
                rows, next_at = await self._owed(TOGETHER_MAX - len(self._in_hand))
            except sqlite3.Error:
                log.exception("the book of notices cannot be read")
                await asyncio.sleep(TROUBLE_SECONDS)
                continue
            for row in rows:
                task = asyncio.create_task(self._deliver(row))
                self._in_hand[row["id"]] = task
                task.add_done_callback(partial(self._put_down, row["id"]))
            await self._sleep(next_at)

    async def _owed(self, room: int) -> tuple[list[sqlite3.Row], float | None]:
        """What is due now, and when the next thing will be."""
        now, in_hand = self._clock.now(), set(self._in_hand)

        def look(db: sqlite3.Connection) -> tuple[list[sqlite3.Row], float | None]:
            settle_due(db, self._keys, now)
            soon = due(db, len(in_hand) + room + 1)
            free = [row for row in soon if row["id"] not in in_hand]
            ready = [row for row in free if row["due_at"] <= now][:room]
            waits = [row["due_at"] for row in free[len(ready) :]]
            settles = db.execute("SELECT min(settles_at) FROM refunds").fetchone()[0]
            return ready, min([*waits, *([settles] if settles else [])], default=None)

        return await self._store.run(look)

    async def _sleep(self, next_at: float | None) -> None:
        """Until woken, or until the next thing is due."""
        seconds = IDLE_SECONDS if next_at is None else next_at - self._clock.now()
        if len(self._in_hand) >= TOGETHER_MAX:
            seconds = IDLE_SECONDS
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min(max(seconds, 0), IDLE_SECONDS)):
                await self._wake.wait()

    def _put_down(self, number: str, done: "asyncio.Task[None]") -> None:
        self._in_hand.pop(number, None)
        if not done.cancelled() and done.exception() is not None:
            log.error("a notice could not be handled", exc_info=done.exception())
        self._wake.set()

    async def _deliver(self, notice: sqlite3.Row) -> None:
        """One try, with the faults that strike it."""
        rules = await self._struck(notice)
        if Kind.LOSE_NOTIFY in rules:
            return await self._store.run(lambda db: lose(db, notice["id"]))
        if Kind.REORDER_NOTIFY in rules:
            until = self._clock.now() + rules[Kind.REORDER_NOTIFY].seconds
            return await self._store.run(lambda db: hold(db, notice["id"], until))
        if Kind.DELAY in rules:
            await asyncio.sleep(rules[Kind.DELAY].seconds)
        if Kind.SIGNTEST in rules:
            probe = await self._send(notice, frozenset({Kind.SIGNTEST}))
            await self._store.run(lambda db: note_probe(db, notice["id"], probe))
        answer = await self._send(notice, frozenset(rules) & {Kind.WRONG_SIGNATURE})
        if Kind.DUPLICATE_NOTIFY in rules:
            answer = await self._send(notice, frozenset())
        now = self._clock.now()
        await self._store.run(lambda db: note_answer(db, notice, answer, now))
        return None

    async def _struck(self, notice: sqlite3.Row) -> dict[Kind, Rule]:
        """The faults of this try; whether to lose or reorder is decided at the first."""
        first = notice["attempts"] == 0 and notice["mail_state"] == "WAITING"
        event_type = notice["event_type"]
        causes = CAUSES.get(event_type.partition(".")[0], ())
        kinds = ON_NOTICES if first else ON_NOTICES - FIRST_TRY_ONLY
        struck = await self._faults.strike([f"NOTIFY {event_type}", *causes], kinds)
        return {rule.kind: rule for rule in struck}

    async def _send(self, notice: sqlite3.Row, faults: frozenset[Kind]) -> dict[str, Any]:
        """Post the notice with a fresh signature; how the merchant answered."""
        assert self._http is not None
        await self._clock.settled.wait()
        instant, body = self._clock.now(), bytes(notice["body"])
        headers = self._desk.signature_headers(body, instant, faults=faults)
        headers |= {"Content-Type": "application/json", "User-Agent": "Mozilla/4.0"}
        told: dict[str, Any] = {"at": hk_time(instant)}
        try:
            async with self._http.post(
                notice["url"], data=body, headers=headers, allow_redirects=False
            ) as answered:
                await answered.read()
                return told | {"http_status": answered.status}
        except (aiohttp.ClientError, TimeoutError, ValueError, OSError) as lost:
            return told | {"error": type(lost).__name__}
