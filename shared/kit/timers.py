"""Time-outs of the business: rows that fall due, handled once, cancelled by what makes them moot.

``tx.schedule`` sets one and ``tx.cancel_timer`` takes it back. Who runs one holds a lease, not a
lock, so that a business row is always locked before its timer. ``inside`` handlers run in the
transaction that removes the row: one taken back meanwhile has no effect. ``outside`` ones call out,
and the row goes when they have returned. One that raises is tried again with growing pauses.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from shared.kit.clock import Clock, wall_now
from shared.kit.database import LOST
from shared.kit.log import get_logger, traceparent
from shared.kit.once import Answered
from shared.kit.outbox import Waker
from shared.kit.session import Begin, Transaction

POLL_SECONDS, SET_AHEAD_SECONDS, TICK_SECONDS = 1.0, 60, 0.2  # One look for all of a tick.
TICKS_MAX, BATCH, CALLS_MAX = 600, 20, 20
LEASE_SECONDS, CALL_LEASE_SECONDS = 10, 60  # After a crash another process begins again then.
BACKOFF_SECONDS = (1.0, 2.0, 5.0, 15.0, 60.0)

_LEASE = """
UPDATE timers SET leased_until = CASE WHEN kind = ANY($5::text[]) THEN $6::timestamptz ELSE $7 END
WHERE id = ANY(ARRAY(
    SELECT id FROM timers
    WHERE due_at <= $1 AND (leased_until IS NULL OR leased_until < $2) AND kind = ANY($3::text[])
    ORDER BY due_at LIMIT $4 FOR UPDATE SKIP LOCKED))
RETURNING id, kind, ref, due_at, payload, attempts
"""
_BACK_OFF = """
UPDATE timers SET leased_until = $3, attempts = attempts + 1 WHERE id = $1 AND due_at = $2
RETURNING true
"""
_DELETE = "DELETE FROM timers WHERE id = $1 AND due_at = $2 RETURNING true"

log = get_logger(__name__)


class Alarm:
    """Wakes the timers of this process in time for those that it has set for the next minute.

    Any other, set by another process or long ago, is found by the next look.
    """

    def __init__(self) -> None:
        self._told = Waker()
        self._due: set[int] = set()  # Ticks of the monotonic clock.

    def __call__(self, due_at: datetime, now: datetime) -> None:
        after = (due_at - now).total_seconds()
        if 0 < after < SET_AHEAD_SECONDS:
            if len(self._due) > TICKS_MAX:
                self._due.clear()  # Nobody waits: no timers run in this process.
            self._due.add(int((time.monotonic() + after) / TICK_SECONDS) + 1)
        if after < POLL_SECONDS:
            self._told()

    async def wait(self, seconds: float) -> None:
        """Until something may be due, or for so long."""
        now = time.monotonic() / TICK_SECONDS
        past = {tick for tick in self._due if tick <= now}
        self._due -= past
        if self._due:
            seconds = min(seconds, (min(self._due) - now) * TICK_SECONDS)
        if not past:
            await self._told.wait(seconds)


@dataclass(frozen=True, slots=True)
class Timer:
    """A thing that fell due: ``ref`` is what it is about, ``payload`` what was noted with it."""

    id: UUID
    kind: str
    ref: UUID
    due_at: datetime
    payload: dict[str, Any]
    attempts: int


class _Moot(Exception):
    """The timer was taken back or set anew while its handler ran."""


Inside = Callable[[Transaction, Timer], Awaitable[None]]
Outside = Callable[[Timer], Awaitable[None]]


@dataclass
class Timers:
    """What a service does when something falls due, by kind; built in its ``events/timers.py``."""

    inside: dict[str, Inside] = field(default_factory=dict)
    outside: dict[str, Outside] = field(default_factory=dict)
    backoff_seconds: Sequence[float] = BACKOFF_SECONDS

    async def run(self, begin: Begin, clock: Clock, alarm: Alarm) -> None:
        """Handle what falls due until cancelled; what calls out keeps nobody waiting."""
        calls: set[asyncio.Task[None]] = set()
        try:
            while True:
                done = 0
                try:
                    kinds = [*self.inside, *(self.outside if len(calls) < CALLS_MAX else ())]
                    for timer in await self._lease(begin, clock, kinds):
                        done += 1
                        if timer.kind in self.inside:
                            await self._inside(begin, timer)
                        else:
                            call = asyncio.create_task(self._call_out(begin, timer))
                            calls.add(call)
                            call.add_done_callback(calls.discard)
                except LOST as lost:
                    log.warning("timers.interrupted", reason=type(lost).__name__)
                if not done:
                    await alarm.wait(POLL_SECONDS)
        finally:
            for call in calls:
                call.cancel()
            await asyncio.gather(*calls, return_exceptions=True)

    async def _lease(self, begin: Begin, clock: Clock, kinds: list[str]) -> list[Timer]:
        """What is due and nobody has; it is ours for a while."""
        if not kinds:
            return []
        now = wall_now()
        until = now + timedelta(seconds=LEASE_SECONDS)
        call_until = now + timedelta(seconds=CALL_LEASE_SECONDS)
        async with begin.alone() as tx:
            rows = await tx.run(
                _LEASE, clock.now(), now, kinds, BATCH, list(self.inside), until, call_until
            )
        return sorted((Timer(**row) for row in rows), key=lambda timer: timer.due_at)

    async def _inside(self, begin: Begin, timer: Timer) -> None:
        traceparent.set("")
        try:
            async with begin() as tx:
                await self.inside[timer.kind](tx, timer)
                # Last, for the handler has locked what the timer is about by now.
                gone = await tx.run(_DELETE, timer.id, timer.due_at)
                if not gone and not tx.has_set(timer.kind, timer.ref):
                    raise _Moot
        except _Moot:
            log.info("timer.moot", kind=timer.kind, ref=str(timer.ref))
        except Exception as fault:
            await self._back_off(begin, timer, fault)

    async def _call_out(self, begin: Begin, timer: Timer) -> None:
        traceparent.set("")
        try:
            with contextlib.suppress(Answered):
                await self.outside[timer.kind](timer)
            async with begin.alone() as tx:  # Unless the handler set it anew.
                await tx.run(_DELETE, timer.id, timer.due_at)
        except Exception as fault:
            with contextlib.suppress(*LOST):  # Then the lease runs out.
                await self._back_off(begin, timer, fault)

    async def _back_off(self, begin: Begin, timer: Timer, fault: Exception) -> None:
        """Let it rest, ever longer; unless it was taken back or set anew meanwhile."""
        pause = self.backoff_seconds[min(timer.attempts, len(self.backoff_seconds) - 1)]
        async with begin.alone() as tx:
            until = wall_now() + timedelta(seconds=pause)
            if await tx.run(_BACK_OFF, timer.id, timer.due_at, until):
                fact = repr(fault)[:300]
                log.error("timer.failed", kind=timer.kind, ref=str(timer.ref), fault=fact)
