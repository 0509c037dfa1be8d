"""Time-outs of the business: rows that fall due, handled once, cancelled by what makes them moot.

``tx.schedule`` sets one and ``tx.cancel_timer`` takes it back. ``inside`` handlers run in the
transaction that removes the row; ``outside`` ones call out, so they hold a lease and the row goes
when they have returned. An outside handler that raises is tried again with growing pauses.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy.exc import SQLAlchemyError

from shared.kit import metrics
from shared.kit.clock import Clock, wall_now
from shared.kit.log import get_logger, traceparent
from shared.kit.once import Answered
from shared.kit.session import Begin, Transaction

POLL_SECONDS = 0.2
IDLE_POLL_SECONDS = 0.5
BATCH = 20
LEASE_SECONDS = 60
BACKOFF_SECONDS = (1, 2, 5, 15, 60)

_TAKE = """
SELECT id, kind, ref, due_at, payload, attempts FROM timers
WHERE due_at <= $1 AND (leased_until IS NULL OR leased_until < $2) AND kind = ANY($3::text[])
ORDER BY due_at LIMIT $4 FOR UPDATE SKIP LOCKED
"""
_LEASE = "UPDATE timers SET leased_until = $2, attempts = attempts + 1 WHERE id = ANY($1::uuid[])"
_RELEASE = "UPDATE timers SET leased_until = $2 WHERE id = $1 AND due_at = $3"
_DELETE = "DELETE FROM timers WHERE id = $1 AND due_at = $2"
_OVERDUE = "SELECT count(*) FROM timers WHERE due_at < $1"

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Timer:
    """A thing that fell due: ``ref`` is what it is about, ``payload`` what was noted with it."""

    id: UUID
    kind: str
    ref: UUID
    due_at: datetime
    payload: dict[str, Any]
    attempts: int


Inside = Callable[[Transaction, Timer], Awaitable[None]]
Outside = Callable[[Timer], Awaitable[None]]


@dataclass
class Timers:
    """What a service does when something falls due, by kind; built in its ``events/timers.py``."""

    inside: dict[str, Inside] = field(default_factory=dict)
    outside: dict[str, Outside] = field(default_factory=dict)

    async def run(self, begin: Begin, clock: Clock) -> None:
        """Handle what falls due until cancelled."""
        while True:
            try:
                done = await self.run_due(begin, clock)
            except (
                OSError,
                SQLAlchemyError,
                asyncpg.PostgresError,
                asyncpg.InterfaceError,
            ) as lost:
                log.warning("timers.interrupted", reason=type(lost).__name__)
                done = 0
            await asyncio.sleep(0 if done else POLL_SECONDS)

    async def run_due(self, begin: Begin, clock: Clock) -> int:
        """Handle one batch of what is due now; how many."""
        done = 0
        while done < BATCH and await self._one_inside(begin, clock):
            done += 1
        leased = await self._lease(begin, clock)
        await asyncio.gather(*(self._call_out(begin, timer) for timer in leased))
        return done + len(leased)

    async def _one_inside(self, begin: Begin, clock: Clock) -> bool:
        kinds = list(self.inside)
        taken: Timer | None = None
        try:
            async with begin() as tx:
                rows = await tx.run(_TAKE, clock.now(), wall_now(), kinds, 1)
                if not rows:
                    return False
                taken = _timer(rows[0])
                traceparent.set("")
                # Removed first, so that the handler may set the same timer anew.
                await tx.run(_DELETE, taken.id, taken.due_at)
                await self.inside[taken.kind](tx, taken)
        except Exception as fault:
            if taken is None:
                raise
            log.error("timer.failed", kind=taken.kind, ref=str(taken.ref), fault=repr(fault)[:300])
            await self._back_off(begin, taken)
        return True

    async def _lease(self, begin: Begin, clock: Clock) -> list[Timer]:
        if not self.outside:
            return []
        async with begin() as tx:
            rows = await tx.run(_TAKE, clock.now(), wall_now(), list(self.outside), BATCH)
            until = wall_now() + timedelta(seconds=LEASE_SECONDS)
            if rows:
                await tx.run(_LEASE, [row["id"] for row in rows], until)
        return [_timer(row) for row in rows]

    async def _call_out(self, begin: Begin, timer: Timer) -> None:
        traceparent.set("")
        try:
            with contextlib.suppress(Answered):
                await self.outside[timer.kind](timer)
        except Exception as fault:
            log.error("timer.failed", kind=timer.kind, ref=str(timer.ref), fault=repr(fault)[:300])
            await self._back_off(begin, timer)
            return
        async with begin() as tx:  # Unless the handler set it anew.
            await tx.run(_DELETE, timer.id, timer.due_at)

    async def _back_off(self, begin: Begin, timer: Timer) -> None:
        pause = BACKOFF_SECONDS[min(timer.attempts, len(BACKOFF_SECONDS) - 1)]
        async with begin() as tx:
            if timer.kind in self.inside:
                await tx.run(_LEASE, [timer.id], wall_now() + timedelta(seconds=pause))
            else:
                until = wall_now() + timedelta(seconds=pause)
                await tx.run(_RELEASE, timer.id, until, timer.due_at)

    async def watch(self, begin: Begin, clock: Clock) -> None:
        """Keep the overdue metric: timers due for more than a minute."""
        while True:
            try:
                async with begin() as tx:
                    [row] = await tx.run(_OVERDUE, clock.now() - timedelta(seconds=60))
                metrics.timers_overdue.set(row[0])
            except (OSError, SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError):
                log.warning("timers.watch_interrupted")
            await asyncio.sleep(15)


def _timer(row: asyncpg.Record) -> Timer:
    return Timer(**row)
