"""After a load: every count exact, by the same rules as ``make invariants``."""

import time

from tests.bench.figure import LOWER, Figure
from tests.bench.ground import Ground
from tests.invariants.__main__ import check


async def measure(ground: Ground) -> list[Figure]:
    """How many rules over the books are broken."""
    began = time.monotonic()
    found, orders = await check(ground.home.path)
    broken = {name: finding.broken[:3] for name, finding in found.items() if finding.broken}
    detail = {
        "orders": orders,
        "rules": len(found),
        "rows": sum(finding.checked for finding in found.values()),
        "broken": broken,
        "seconds": time.monotonic() - began,
    }
    return [Figure("conservation", float(len(broken)), 0, LOWER, "rules broken", detail)]
