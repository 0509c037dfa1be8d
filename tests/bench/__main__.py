"""``make bench [only=orders_vs_pgbench]``: the figures, a JSON line each.

Loads that would disturb each other get a fleet each. Progress goes to standard error. Sizes can be
given with the figure: ``make bench only="backlog --events 100000"``.
"""

import argparse
import asyncio
import contextlib
import signal
import sys
import time
import traceback
from collections.abc import Awaitable, Callable
from types import ModuleType

from tests.bench import (
    backlog,
    conservation,
    gateway_hop,
    idle,
    list_growth,
    notify_to_paid,
    order_lives,
    orders_vs_pgbench,
    paid_orders,
    recovery,
    startup,
)
from tests.bench.figure import Figure, say, tell
from tests.bench.ground import Ground, Sizes, ground

Measure = Callable[[Ground], Awaitable[list[Figure]]]

# The measurements of one fleet, in order; those that end with made-up rows come after the check.
FLEETS: list[list[ModuleType]] = [
    [idle, startup, gateway_hop, notify_to_paid, orders_vs_pgbench, conservation],
    [paid_orders, conservation],
    [order_lives, recovery, conservation, list_growth, backlog],
]
ALSO_TELL = {
    idle: ("idle_memory", "idle_cpu"),
    startup: ("startup_first", "startup_again"),
    gateway_hop: ("gateway_hop_p50",),
    notify_to_paid: ("outbox_lag",),
    paid_orders: ("paid_orders_cpu",),
    order_lives: ("order_lives_p99",),
    recovery: ("recovery_servers",),
    list_growth: ("order_list_growth", "order_detail_growth"),
    backlog: ("backlog_lost",),
}
CHECKED = {orders_vs_pgbench, paid_orders, order_lives, recovery, notify_to_paid}


def name_of(module: ModuleType) -> str:
    """What a measurement is called on the command line."""
    return module.__name__.rpartition(".")[2]


def asked_for(only: str) -> list[list[ModuleType]]:
    """The measurements to make, by fleet; a load is always followed by the check."""
    if not only:
        return FLEETS
    known = {module for fleet in FLEETS for module in fleet}
    found = [one for one in known if only in (name_of(one), *ALSO_TELL.get(one, ()))]
    if not found:
        names = sorted({name for one in known for name in (name_of(one), *ALSO_TELL.get(one, ()))})
        raise SystemExit(f"no figure {only}: {', '.join(names)}")
    return [[found[0], conservation] if found[0] in CHECKED else found]


async def bench(fleets: list[list[ModuleType]], sizes: Sizes) -> int:
    """Measure and tell; how many measurements failed."""
    failed = 0
    told = asyncio.current_task()
    assert told is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.cancel)
    for modules in fleets:
        async with ground(sizes) as made:
            for module in modules:
                failed += not await _measure(made, module)
    return failed


async def _measure(made: Ground, module: ModuleType) -> bool:
    """One measurement; one that fails says why and leaves the others their turn."""
    began = time.monotonic()
    try:
        for figure in await module.measure(made):
            tell(figure)
    except Exception:
        say(f"{name_of(module)} failed:\n{traceback.format_exc()}")
        return False
    say(f"{name_of(module)}: {time.monotonic() - began:.1f} s")
    return True


def main() -> int:
    """0 when every figure could be measured, whatever it was."""
    usual = Sizes()
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("only", nargs="?", default="", help="one figure")
    parser.add_argument("--seconds", type=float, default=usual.seconds, help="of each load")
    parser.add_argument("--life-seconds", type=float, default=usual.life_seconds)
    parser.add_argument("--idle-seconds", type=float, default=usual.idle_seconds)
    parser.add_argument("--events", type=int, default=usual.events, help="of the backlog")
    parser.add_argument("--orders", type=int, default=usual.orders, help="of the large book")
    asked = parser.parse_args()
    chosen = vars(asked).copy()
    only = chosen.pop("only")
    with contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError):
        return 1 if asyncio.run(bench(asked_for(only), Sizes(**chosen))) else 0
    return 130


if __name__ == "__main__":
    sys.exit(main())
