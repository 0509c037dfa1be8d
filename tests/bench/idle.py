"""What the fleet takes while nobody asks anything."""

import asyncio

from tests.bench import meter
from tests.bench.figure import LOWER, Figure
from tests.bench.ground import Ground

CALM_SECONDS = 10.0  # Until what a start leaves behind is done.


async def measure(ground: Ground) -> list[Figure]:
    """Memory of every process, and their share of one core over half a minute."""
    await asyncio.sleep(min(CALM_SECONDS, ground.sizes.idle_seconds))
    children = ground.children()
    before = meter.cpu_seconds(children)
    await asyncio.sleep(ground.sizes.idle_seconds)
    cpu = meter.used(before, meter.cpu_seconds(children))
    memory = meter.pss_mib(children)
    shares = {name: 100 * seconds / ground.sizes.idle_seconds for name, seconds in cpu.items()}
    return [
        Figure("idle_memory", sum(memory.values()) / 1024, 1.2, LOWER, "GiB PSS", {
            "mib_by_process": memory,
            "gib_without_sandbox": (sum(memory.values()) - memory.get("sandbox", 0.0)) / 1024,
        }),
        Figure("idle_cpu", sum(shares.values()), 12, LOWER, "% of one core", {
            "by_process": shares,
            "seconds": ground.sizes.idle_seconds,
            "without_sandbox": sum(shares.values()) - shares.get("sandbox", 0.0),
            **meter.surroundings(),
        }),
    ]  # fmt: skip
