"""Timers run by hand, one batch at a time, so that a test says when."""

import asyncio

from shared.kit.clock import Clock
from shared.kit.session import Begin
from shared.kit.timers import Timers


async def run_due(timers: Timers, begin: Begin, clock: Clock) -> int:
    """Handle one batch of what is due now, as the loops of a background process do; how many."""
    leased = await timers._lease(begin, clock, [*timers.inside, *timers.outside])
    for timer in leased:
        if timer.kind in timers.inside:
            await timers._inside(begin, timer)
    calls = (timers._call_out(begin, timer) for timer in leased if timer.kind in timers.outside)
    await asyncio.gather(*calls)
    return len(leased)
