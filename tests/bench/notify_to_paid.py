"""From the notice of a payment until its user sees the order paid, and how long events lie."""

import asyncio
import time
from collections.abc import Iterator

from tests.bench import meter
from tests.bench.checkout import CLEANING, Till, begin_payment, pay_in_wechat, place, quote, wish
from tests.bench.figure import LOWER, Figure, quantile, spread_ms
from tests.bench.ground import Ground
from tests.bench.people import Person, in_turn, users
from tests.bench.settled import until_heard

AT_ONCE = 4
USERS = 240  # At thirty-six orders a second each places nine a minute; ten are allowed.
LOOK_SECONDS = 0.03
SEEN_WITHIN_SECONDS = 30

_LAG = """
SELECT extract(epoch FROM sent_at - written_at)::float AS lag FROM outbox
WHERE sent_at IS NOT NULL AND written_at >= $1
"""


async def measure(ground: Ground) -> list[Figure]:
    """The time from the act in WeChat, which brings the notice, until "paid" is shown."""
    turns = in_turn(await users(ground.gateway, USERS, "payer"))
    wished = await wish(ground.gateway, next(turns), CLEANING)
    tills = [Till(ground, wished) for _ in range(AT_ONCE)]
    await until_heard(ground)
    async with ground.books() as books:
        since = await books["order"].fetchval("SELECT clock_timestamp()")
    until = time.monotonic() + ground.sizes.seconds
    waits = await asyncio.gather(*(_watch(till, turns, until) for till in tills))
    for till in tills:
        till.close()
    await until_heard(ground)
    seen = [wait for some in waits for wait in some]
    lags: dict[str, list[float]] = {}
    async with ground.books() as books:
        for service, book in books.items():
            lags[service] = [row["lag"] for row in await book.fetch(_LAG, since)]
    every = [lag for some in lags.values() for lag in some]
    detail = {**spread_ms(seen), "at_once": AT_ONCE, **meter.surroundings()}
    by_service = {service: spread_ms(some) for service, some in lags.items() if some}
    return [
        Figure("notify_to_paid", quantile(seen, 0.99), 1, LOWER, "s p99", detail),
        Figure("outbox_lag", quantile(every, 0.99), 1, LOWER, "s p99", by_service),
    ]


async def _watch(till: Till, turns: Iterator[Person], until: float) -> list[float]:
    """Order after order: how long after paying each was seen to be paid."""
    waits = []
    while time.monotonic() < until:
        who = next(turns)
        order_id = await place(till.asker, who, await quote(till.asker, who, till.wished))
        prepay_id = await begin_payment(till.asker, who, order_id)
        began = time.monotonic()
        await pay_in_wechat(till.sandbox, prepay_id)
        while await till.state(who, order_id) == "pending_payment":
            if time.monotonic() - began > SEEN_WITHIN_SECONDS:
                raise RuntimeError(f"order {order_id} was paid and is not shown so")
            await asyncio.sleep(LOOK_SECONDS)
        waits.append(time.monotonic() - began)
    return waits
