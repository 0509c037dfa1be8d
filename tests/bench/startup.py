"""How long a start takes: the first, which makes everything, and the next, which finds it."""

import os
import time

from tests.bench.figure import LOWER, Figure
from tests.bench.ground import Ground, fleet_in

FIRST_SECONDS = 60.0  # After set-up.
AGAIN_SECONDS = 25.0


async def measure(ground: Ground) -> list[Figure]:
    """The first start was timed when this fleet was made; stop it and start it again."""
    stopping = time.monotonic()
    await ground.fleet.stop()
    stopped = time.monotonic() - stopping
    load = os.getloadavg()[0]
    ground.fleet = fleet_in(ground.fleet.home.path)
    began = time.monotonic()
    await ground.fleet.start()
    again = time.monotonic() - began
    return [
        Figure("startup_first", ground.first_start_seconds, FIRST_SECONDS, LOWER, "s", {
            "load_1m_before": ground.first_start_load, "jars_cached": True,
        }),
        Figure("startup_again", again, AGAIN_SECONDS, LOWER, "s", {
            "load_1m_before": load, "stop_seconds": stopped,
        }),
    ]  # fmt: skip
