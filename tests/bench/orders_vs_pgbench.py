"""Orders placed through the gateway against pgbench writing every row that placing one writes."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import asyncpg

from tests.bench import meter
from tests.bench.checkout import CLEANING, place, quote, wish
from tests.bench.figure import HIGHER, Figure, spread_ms
from tests.bench.ground import Ground
from tests.bench.people import Asker, Person, in_turn, took_by_route, users
from tests.bench.pgbench import rival
from tests.bench.rows_of_a_placing import script_of
from tests.bench.settled import until_heard

AT_ONCE = 8
USERS = 600  # Ten orders a minute are allowed each, and two rounds may fall into one minute.
ROUNDS = 3
FIRST_QUOTES = 80

Ready = list[tuple[Person, dict[str, Any]]]


async def measure(ground: Ground) -> list[Figure]:
    """The ratio of the two rates, taken in turns on one server with durable commits."""
    seconds = max(2.0, ground.sizes.seconds / ROUNDS)
    turns = in_turn(await users(ground.gateway, USERS, "placer"))
    wished = await wish(ground.gateway, next(turns), CLEANING)
    askers = [Asker(ground.gateway) for _ in range(AT_ONCE)]
    ready = await _quotes(askers, turns, wished, FIRST_QUOTES)
    rate, order_id = await _place_all(askers, ready, seconds)  # Warm, and how many it will be.
    book = await asyncpg.connect(ground.database_url("order"))
    try:
        script = await script_of(book, order_id)
    finally:
        await book.close()
    other = await rival(ground, script, AT_ONCE)
    await other.run(1)
    for asker in askers:
        asker.took.clear()

    ours, theirs = [], []
    for _ in range(ROUNDS):
        enough = int(rate * seconds * 1.5) + AT_ONCE
        ready = await _quotes(askers, turns, wished, enough)
        await until_heard(ground)
        rate, _ = await _place_all(askers, ready, seconds)
        ours.append(rate)
        await until_heard(ground)
        theirs.append(await other.run(seconds))
    for asker in askers:
        asker.close()
    ratio = sum(ours) / sum(theirs)
    placing = took_by_route(askers)["POST /orders"]
    detail = {
        "orders_a_second": ours,
        "pgbench_transactions_a_second": theirs,
        "rows_by_table": script.rows,
        "clients": AT_ONCE,
        "seconds_a_round": seconds,
        "placing": spread_ms(placing),
        **meter.surroundings(),
    }
    return [Figure("orders_vs_pgbench", ratio, 0.06, HIGHER, "ratio", detail)]


async def _quotes(
    askers: list[Asker], turns: Iterator[Person], wished: dict[str, Any], count: int
) -> Ready:
    """Prices to order by, each of another user; made before the clock runs."""
    left = iter(range(count))
    ready: Ready = []

    async def price(asker: Asker) -> None:
        for _ in left:
            who = next(turns)
            ready.append((who, await quote(asker, who, wished)))

    await asyncio.gather(*(price(asker) for asker in askers))
    return ready


async def _place_all(askers: list[Asker], ready: Ready, seconds: float) -> tuple[float, str]:
    """Place by the quotes until they or the time run out; orders a second, and one's id."""
    began = time.monotonic()
    waiting = iter(ready)

    async def place_some(asker: Asker) -> list[str]:
        placed = []
        for who, quoted in waiting:
            placed.append(await place(asker, who, quoted))
            if time.monotonic() - began > seconds:
                break
        return placed

    shares = await asyncio.gather(*(place_some(asker) for asker in askers))
    placed = [order_id for share in shares for order_id in share]
    return len(placed) / (time.monotonic() - began), placed[-1]
