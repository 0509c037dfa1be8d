"""A user's list and one order's page in a small and in a large book of orders."""

import asyncio
import time
from typing import Any

import asyncpg

from tests.bench import meter
from tests.bench.checkout import CLEANING, place, quote, wish
from tests.bench.figure import LOWER, Figure, spread_ms
from tests.bench.ground import Ground
from tests.bench.more_orders import ORDERS_OF_A_USER, more_orders
from tests.bench.people import Asker, Person, users

SMALL = 10_000
READERS = 40
READS, ROUNDS = 600, 3
AT_ONCE = 4
GOAL = 1.5

Times = dict[str, list[float]]


async def measure(ground: Ground) -> list[Figure]:
    """The p99 of each read in the large book over that in the small one."""
    people = await users(ground.gateway, READERS, "reader")
    model = await _place_theirs(ground, people)
    sizes = [SMALL, max(ground.sizes.orders, 2 * SMALL)]
    times: list[list[Times]] = []
    seconds: list[float] = []
    book = await asyncpg.connect(ground.database_url("order"), command_timeout=1_800)
    asker = Asker(ground.gateway)
    try:
        there = READERS * ORDERS_OF_A_USER
        for size in sizes:
            began = time.monotonic()
            await more_orders(book, model, there, size)
            there = size
            seconds.append(time.monotonic() - began)
            await _read(asker, people, READS)  # Warm.
            times.append([await _read(asker, people, READS) for _ in range(ROUNDS)])
    finally:
        await book.close()
        asker.close()
    detail = {
        "orders": sizes,
        "reads_a_round": READS,
        "seconds_to_write": seconds,
        **meter.surroundings(),
    }
    return [
        _figure("order_list_growth", "list", times, detail),
        _figure("order_detail_growth", "detail", times, detail),
    ]


def _figure(name: str, read: str, times: list[list[Times]], detail: dict[str, Any]) -> Figure:
    """The middle round's p99 of each: one hiccup of the machine is not growth."""
    small, large = ([spread_ms(one[read]) for one in rounds] for rounds in times)
    ratio = _middle_p99(large) / _middle_p99(small)
    return Figure(
        name, ratio, GOAL, LOWER, "ratio of p99", detail | {"small": small, "large": large}
    )


def _middle_p99(rounds: list[dict[str, float]]) -> float:
    return sorted(one["p99_ms"] for one in rounds)[len(rounds) // 2]


async def _place_theirs(ground: Ground, people: list[Person]) -> str:
    """The readers' own orders are really placed, for their addresses are sealed; one's id."""
    wished = await wish(ground.gateway, people[0], CLEANING)

    async def place_some(mine: list[Person]) -> str:
        order_id, asker = "", Asker(ground.gateway)
        for _ in range(ORDERS_OF_A_USER):
            for who in mine:
                order_id = await place(asker, who, await quote(asker, who, wished))
        asker.close()
        return order_id

    shares = [people[n::AT_ONCE] for n in range(AT_ONCE)]
    return (await asyncio.gather(*(place_some(share) for share in shares)))[0]


async def _read(asker: Asker, people: list[Person], reads: int) -> Times:
    """Each user in turn looks at their orders and opens one of them."""
    times: Times = {"list": [], "detail": []}
    for number in range(reads):
        who = people[number % len(people)]
        page = await asker.ask(who, "GET", f"/orders?limit={ORDERS_OF_A_USER}", route="/orders")
        times["list"].append(time.monotonic() - asker.began)
        one = page["items"][number // len(people) % len(page["items"])]["id"]
        await asker.ask(who, "GET", f"/orders/{one}", route="/orders/{id}")
        times["detail"].append(time.monotonic() - asker.began)
    return times
