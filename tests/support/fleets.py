"""Whole fleets for tests, in temporary homes and on free ports."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from deploy.local.fleet import Fleet


@contextlib.asynccontextmanager
async def fleet_in(home: Path, **how: Any) -> AsyncIterator[Fleet]:
    """A running fleet with the demo data, stopped again at the end."""
    fleet = Fleet(home, demo=True, **how)
    await fleet.start()
    try:
        yield fleet
    finally:
        await fleet.stop()
