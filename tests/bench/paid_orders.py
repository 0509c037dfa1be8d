"""Paid orders: price, order, payment, verified notice, and every event of it heard."""

import asyncio
import time
from collections.abc import Iterator

from tests.bench import meter
from tests.bench.checkout import CLEANING, Till, wish
from tests.bench.figure import HIGHER, LOWER, Figure, spread_ms
from tests.bench.ground import Ground
from tests.bench.people import Person, in_turn, took_by_route, users
from tests.bench.settled import until_heard

AT_ONCE = 8
USERS = 400  # At sixty orders a second each orders and pays nine times a minute; ten are allowed.
WARM_UP_SECONDS = 2.0
NOT_COUNTED = "sandbox"

_PAID = "SELECT count(*) FROM orders WHERE paid_at IS NOT NULL"


async def measure(ground: Ground) -> list[Figure]:
    """Orders a second, and processor time an order, until the last event has been heard."""
    people = await users(ground.gateway, USERS)
    wished = await wish(ground.gateway, people[0], CLEANING)
    tills = [Till(ground, wished) for _ in range(AT_ONCE)]
    turns = in_turn(people)
    await _pay_for(tills, turns, WARM_UP_SECONDS)
    await until_heard(ground)
    for till in tills:
        till.asker.took.clear()

    paid_before, cpu_before = await _paid(ground), meter.cpu_seconds(ground.children())
    own_before, began = meter.own_cpu_seconds(), time.monotonic()
    orders = await _pay_for(tills, turns, ground.sizes.seconds)
    loaded = time.monotonic() - began
    heard = await _all_paid(ground, paid_before + orders) - began
    cpu = meter.used(cpu_before, meter.cpu_seconds(ground.children()))
    own = meter.own_cpu_seconds() - own_before
    for till in tills:
        till.close()
    counted = sum(seconds for name, seconds in cpu.items() if name != NOT_COUNTED)
    routes = took_by_route([till.asker for till in tills])
    detail = {
        "orders": orders,
        "clients": AT_ONCE,
        "retries": sum(till.asker.retries for till in tills),
        "seconds": heard,
        "seconds_after_last_order": heard - loaded,
        "cpu_ms_an_order_by_process": {n: s * 1000 / orders for n, s in sorted(cpu.items())},
        "bench_cpu_ms_an_order": own * 1000 / orders,
        "routes": {route: spread_ms(times) for route, times in routes.items()},
        **meter.surroundings(),
    }
    return [
        Figure("paid_orders", orders / heard, 50, HIGHER, "orders/s", detail),
        Figure("paid_orders_cpu", counted * 1000 / orders, 24, LOWER, "ms/order", {
            "orders": orders, "not_counted": NOT_COUNTED,
        }),
    ]  # fmt: skip


async def _pay_for(tills: list[Till], turns: Iterator[Person], seconds: float) -> int:
    """Pay orders on every connection for so long; how many."""
    until = time.monotonic() + seconds

    async def pay(till: Till) -> int:
        orders = 0
        while time.monotonic() < until:
            await till.pay_one(next(turns))
            orders += 1
        return orders

    return sum(await asyncio.gather(*(pay(till) for till in tills)))


async def _paid(ground: Ground) -> int:
    async with ground.books() as books:
        return int(await books["order"].fetchval(_PAID))


async def _all_paid(ground: Ground, wanted: int) -> float:
    """Wait until each order has become paid and everybody has heard of it; the instant."""
    until = time.monotonic() + 120
    async with ground.books() as books:
        while await books["order"].fetchval(_PAID) < wanted:
            if time.monotonic() > until:
                raise RuntimeError("orders were paid in WeChat and never became paid here")
            await asyncio.sleep(0.1)
    return await until_heard(ground)
