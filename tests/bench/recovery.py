"""kill -9 of each process under a light load: seconds until the fleet serves again."""

import asyncio
import contextlib
import time
from collections.abc import Iterator

from tests.bench import meter
from tests.bench.checkout import CLEANING, Till, wish
from tests.bench.figure import LOWER, Figure
from tests.bench.ground import SERVICES, Ground
from tests.bench.people import Person, in_turn, users
from tests.bench.settled import until_heard
from tests.bench.wire import Line, Refused

SERVERS = ("postgres", "kafka")
USERS = 60
PAUSE_SECONDS = 0.5  # Between the orders of the light load.
CALM_SECONDS = 3.0  # Between accidents.
WITHIN_SECONDS = 60.0
LOST = (Refused, OSError, TimeoutError)


async def measure(ground: Ground) -> list[Figure]:
    """The longest recovery of our own processes, and of the servers they need."""
    turns = in_turn(await users(ground.gateway, USERS, "witness"))
    wished = await wish(ground.gateway, next(turns), CLEANING)
    tally = {"paid": 0, "failed": 0}
    load = asyncio.create_task(_light_load(Till(ground, wished), turns, tally))
    took: dict[str, dict[str, float]] = {}
    try:
        for name in ("gateway", *SERVICES, *SERVERS):
            await asyncio.sleep(CALM_SECONDS)
            took[name] = await _accident(ground, name, Till(ground, wished), next(turns))
    finally:
        load.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await load
    await until_heard(ground)
    ours = {name: one for name, one in took.items() if name not in SERVERS}
    servers = {name: one for name, one in took.items() if name in SERVERS}
    return [
        Figure("recovery", _longest(ours), 5, LOWER, "s", {
            "by_process": ours, "load": tally, **meter.surroundings(),
        }),
        Figure("recovery_servers", _longest(servers), 10, LOWER, "s", {"by_process": servers}),
    ]  # fmt: skip


def _longest(took: dict[str, dict[str, float]]) -> float:
    return max(one["serving_seconds"] for one in took.values())


async def _accident(ground: Ground, name: str, till: Till, who: Person) -> dict[str, float]:
    """Kill a process; when it is there again, when everybody serves, when an order gets through.

    "Serving" is the gateway and each service saying so; "paid" is a whole checkout, with events.
    """
    began = time.monotonic()
    ground.fleet.kill(name)
    await ground.fleet.wait_ready(name)
    there = time.monotonic() - began
    for other in ("gateway", *SERVICES):
        await _until_ready(ground.fleet.urls[other], began)
    serving = time.monotonic() - began
    order_id = await _until_paid(till, who, began)
    shown = time.monotonic() - began
    till.close()
    return {
        "process_seconds": there,
        "serving_seconds": serving,
        "paid_order_seconds": shown if order_id else WITHIN_SECONDS,
    }


async def _until_ready(url: str, began: float) -> None:
    async with Line(url) as line:
        while time.monotonic() - began < WITHIN_SECONDS:
            with contextlib.suppress(*LOST):
                await line.ask("GET", "/readyz")
                return
            await asyncio.sleep(0.05)
    raise RuntimeError(f"{url} does not serve again")


async def _until_paid(till: Till, who: Person, began: float) -> str:
    """A whole checkout, begun again as long as it fails; the order, or nothing when it is late."""
    while time.monotonic() - began < WITHIN_SECONDS:
        with contextlib.suppress(*LOST):
            order_id = await till.pay_one(who)
            while time.monotonic() - began < WITHIN_SECONDS:
                if await till.state(who, order_id) != "pending_payment":
                    return order_id
                await asyncio.sleep(0.05)
        await asyncio.sleep(0.1)
    return ""


async def _light_load(till: Till, turns: Iterator[Person], tally: dict[str, int]) -> None:
    """An order now and then, whatever happens to it, until cancelled."""
    try:
        while True:
            try:
                await till.pay_one(next(turns))
                tally["paid"] += 1
            except LOST:
                tally["failed"] += 1
            await asyncio.sleep(PAUSE_SECONDS)
    finally:
        till.close()
