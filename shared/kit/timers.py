"""Time-outs of the business: rows that fall due, handled once, cancelled by what makes them moot.

``tx.schedule`` sets one and ``tx.cancel_timer`` takes it back. ``inside`` handlers run in the
transaction that removes the row; ``outside`` ones call out, so they hold a lease and the row goes
when they have returned. An outside handler that raises is tried again with growing pauses.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy.exc import SQLAlchemyError

from shared.kit.clock import Clock, wall_now
from shared.kit.log import get_logger, traceparent
from shared.kit.once import Answered
from shared.kit.session import Begin, Transaction

POLL_SECONDS = 0.2
BATCH = 20
LEASE_SECONDS = 60
BACKOFF_SECONDS = (1, 2, 5, 15, 60)

_TAKE = """
SELECT id, kind, ref, due_at, payload, attempts FROM timers
WHERE due_at <= $1 AND (leased_until IS NULL OR leased_until < $2) AND kind = ANY($3::text[])
ORDER BY due_at LIMIT $4 FOR UPDATE SKIP LOCKED
"""
_LEASE = "UPDATE timers SET leased_until = $2 WHERE id = ANY($1::uuid[])"
_BACK_OFF = """
UPDATE timers SET leased_until = $3, attempts = attempts + 1 WHERE id = $1 AND due_at = $2
"""
_DELETE = "DELETE FROM timers WHERE id = $1 AND due_at = $2"

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
        """Handle what falls due until cancelled; what calls out keeps nobody waiting."""
        await asyncio.gather(
            *(self._keep_running(part, begin, clock) for part in (self._inside, self._outside))
        )

    async def run_due(self, begin: Begin, clock: Clock) -> int:
        """Handle one batch of what is due now; how many."""
        return await self._inside(begin, clock) + await self._outside(begin, clock)

    async def _keep_running(
        self, part: Callable[[Begin, Clock], Awaitable[int]], begin: Begin, clock: Clock
    ) -> None:
        while True:
            done = 0
            try:
                done = await part(begin, clock)
            except (
                OSError,
                SQLAlchemyError,
                asyncpg.PostgresError,
                asyncpg.InterfaceError,
            ) as lost:
                log.warning("timers.interrupted", reason=type(lost).__name__)
            await asyncio.sleep(0 if done else POLL_SECONDS)

    async def _inside(self, begin: Begin, clock: Clock) -> int:
        done = 0
        while done < BATCH and await self._one_inside(begin, clock):
            done += 1
        return done

    async def _one_inside(self, begin: Begin, clock: Clock) -> bool:
        taken: list[Timer] = []
        traceparent.set("")
        try:
            async with begin() as tx:
                taken = await _take(tx, clock, self.inside, 1)
                for timer in taken:
                    # Removed first, so that the handler may set the same timer anew.
                    await tx.run(_DELETE, timer.id, timer.due_at)
                    await self.inside[timer.kind](tx, timer)
        except Exception as fault:
            if not taken:
                raise
            await _back_off(begin, taken[0], fault)
        return bool(taken)

    async def _outside(self, begin: Begin, clock: Clock) -> int:
        leased = await self._lease(begin, clock)
        await asyncio.gather(*(self._call_out(begin, timer) for timer in leased))
        return len(leased)

    async def _lease(self, begin: Begin, clock: Clock) -> list[Timer]:
        async with begin() as tx:
            taken = await _take(tx, clock, self.outside, BATCH)
            if taken:
                until = wall_now() + timedelta(seconds=LEASE_SECONDS)
                await tx.run(_LEASE, [timer.id for timer in taken], until)
        return taken

    async def _call_out(self, begin: Begin, timer: Timer) -> None:
        traceparent.set("")
        try:
            with contextlib.suppress(Answered):
                await self.outside[timer.kind](timer)
        except Exception as fault:
            await _back_off(begin, timer, fault)
            return
        async with begin() as tx:  # Unless the handler set it anew.
            await tx.run(_DELETE, timer.id, timer.due_at)


async def _take(tx: Transaction, clock: Clock, kinds: Collection[str], limit: int) -> list[Timer]:
    if not kinds:
        return []
    rows = await tx.run(_TAKE, clock.now(), wall_now(), list(kinds), limit)
    return [Timer(**row) for row in rows]


async def _back_off(begin: Begin, timer: Timer, fault: Exception) -> None:
    """Let it rest, ever longer; unless it was set anew meanwhile."""
    log.error("timer.failed", kind=timer.kind, ref=str(timer.ref), fault=repr(fault)[:300])
    pause = BACKOFF_SECONDS[min(timer.attempts, len(BACKOFF_SECONDS) - 1)]
    async with begin() as tx:
        await tx.run(_BACK_OFF, timer.id, timer.due_at, wall_now() + timedelta(seconds=pause))
