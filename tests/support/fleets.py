"""Whole fleets for tests: temporary homes, free ports, per-address limits lifted."""

import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from deploy.local.fleet import Fleet

# The journeys' people all live at one address; per-account limits stay as they are.
LIFTED = {
    "GATEWAY_ADDRESS_LIMIT": "",
    "GATEWAY_OTP_ADDRESS_LIMIT": "",
    "USER_PER_ADDRESS_LIMITS": "false",
}


@contextlib.asynccontextmanager
async def fleet_in(home: Path, **how: Any) -> AsyncIterator[Fleet]:
    """A running fleet with the demo data, stopped again at the end."""
    fleet = Fleet(home, demo=True, users={**os.environ, **LIFTED}, **how)
    await fleet.start()
    try:
        yield fleet
    finally:
        await fleet.stop()
