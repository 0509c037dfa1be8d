"""Whole lives of orders: placed, paid, offered, taken, worked, accepted, settled."""

import asyncio
import contextlib
import io
import time
import zlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
from PIL import Image

from tests.bench import meter
from tests.bench.checkout import ROADSIDE, SHA_TIN, Till, wish
from tests.bench.crew import hire, keep_being_seen
from tests.bench.figure import HIGHER, LOWER, Figure, quantile, spread_ms
from tests.bench.ground import Ground
from tests.bench.people import Asker, Person, in_turn, took_by_route, users
from tests.bench.settled import until_heard

AT_ONCE = 16
USERS, WORKERS = 240, 60
WARM_UP_SECONDS = 4.0
OFFER_WITHIN_SECONDS = 60.0
LOOK_SECONDS = 0.1
P99_MS_MAX = 300

_OPEN = "SELECT order_id, worker_id, id FROM offers WHERE state = 'offered'"
_SETTLED = "SELECT count(*) FROM settlements WHERE state = 'executed'"


class Desk:
    """Tells each order's offer, as a message on the worker's phone would."""

    def __init__(self, crew: list[Person]) -> None:
        self._crew = {worker.account_id: worker for worker in crew}
        self._open: dict[str, tuple[str, str]] = {}
        self._news = asyncio.Condition()

    async def look(self, url: str) -> None:
        """Look again and again which offers are open, until cancelled."""
        book = await asyncpg.connect(url)
        try:
            while True:
                rows = await book.fetch(_OPEN)
                async with self._news:
                    self._open = {str(o): (str(worker), str(id)) for o, worker, id in rows}
                    self._news.notify_all()
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            book.terminate()  # It is cancelled in the midst of a look.

    async def offer(self, order_id: str) -> tuple[Person, str]:
        """The worker asked to take this order, and the offer's id."""
        async with asyncio.timeout(OFFER_WITHIN_SECONDS), self._news:
            await self._news.wait_for(lambda: order_id in self._open)
            worker_id, offer_id = self._open.pop(order_id)
        return self._crew[worker_id], offer_id


async def measure(ground: Ground) -> list[Figure]:
    """Lives a second until settled and heard of everywhere, and the slowest route's p99."""
    crew = await hire(ground, WORKERS)
    people = await users(ground.gateway, USERS, "lives")
    wished = await wish(ground.gateway, people[0], ROADSIDE)
    tills, turns = [Till(ground, wished) for _ in range(AT_ONCE)], in_turn(people)
    async with _at_the_desk(ground, crew) as desk:
        await _live(tills, turns, desk, WARM_UP_SECONDS)
        await until_heard(ground)
        for till in tills:
            till.asker.took.clear()

        before, began = await _settled(ground), time.monotonic()
        cpu_before, own_before = meter.cpu_seconds(ground.children()), meter.own_cpu_seconds()
        lives = await _live(tills, turns, desk, ground.sizes.life_seconds)
        await _until_settled(ground, before + lives)
        took = await until_heard(ground) - began
        cpu = meter.used(cpu_before, meter.cpu_seconds(ground.children()))
        own = meter.own_cpu_seconds() - own_before
    for till in tills:
        till.close()
    askers = [till.asker for till in tills]
    routes = took_by_route(askers)
    slowest = max((quantile(times, 0.99) for times in routes.values()), default=0.0)
    detail = {
        "lives": lives,
        "at_once": AT_ONCE,
        "workers": WORKERS,
        "seconds": took,
        "retries": sum(asker.retries for asker in askers),
        "cpu_ms_a_life_by_process": {name: s * 1000 / lives for name, s in sorted(cpu.items())},
        "bench_cpu_ms_a_life": own * 1000 / lives,
        **meter.surroundings(),
    }
    by_route = {route: spread_ms(times) for route, times in sorted(routes.items())}
    return [
        Figure("order_lives", lives / took, 10, HIGHER, "lives/s", detail),
        Figure("order_lives_p99", slowest * 1000, P99_MS_MAX, LOWER, "ms", {"routes": by_route}),
    ]


@contextlib.asynccontextmanager
async def _at_the_desk(ground: Ground, crew: list[Person]) -> AsyncIterator[Desk]:
    """The crew's phones tell where they are and show the offers made to them."""
    desk = Desk(crew)
    beside = [
        asyncio.create_task(desk.look(ground.database_url("dispatch"))),
        asyncio.create_task(keep_being_seen(ground.gateway, crew)),
    ]
    try:
        yield desk
    finally:
        for task in beside:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*beside)


async def _live(tills: list[Till], turns: Iterator[Person], desk: Desk, seconds: float) -> int:
    """Lives side by side, one begun on each connection for so long; how many."""
    until = time.monotonic() + seconds

    async def live(till: Till) -> int:
        lives = 0
        while time.monotonic() < until:
            await one_life(till, next(turns), desk)
            lives += 1
        return lives

    return sum(await asyncio.gather(*(live(till) for till in tills)))


async def one_life(till: Till, user: Person, desk: Desk) -> None:
    """From the price to the user's acceptance."""
    order_id = await till.pay_one(user)
    worker, offer_id = await desk.offer(order_id)
    asker = till.asker
    await asker.ask(worker, "GET", "/workers/me/offers")
    await _post(asker, worker, "/offers/{id}/accept", offer_id, {"eta_seconds": 600})
    await _post(asker, worker, "/jobs/{id}/depart", order_id, {})
    await _post(asker, worker, "/jobs/{id}/arrive", order_id, SHA_TIN | {"accuracy_m": 10.0})
    job = await asker.ask(worker, "GET", f"/jobs/{order_id}", route="/jobs/{id}")
    await _post(asker, worker, "/jobs/{id}/start", order_id, {"answers": {}})
    for item in job["checklist"]:  # Photos are all that it asks for.
        form = {"stage": "after", "angle": item["code"]}
        photo, path = _photo(order_id + item["code"]), f"/jobs/{order_id}/evidence"
        await asker.send_photo(worker, path, form, photo, route="/jobs/{id}/evidence")
    await _post(asker, worker, "/jobs/{id}/complete", order_id, {"answers": {}})
    await till.state(user, order_id)
    await _post(asker, user, "/orders/{id}/accept", order_id, {})


async def _post(asker: Asker, who: Person, route: str, id: str, body: dict[str, Any]) -> None:
    await asker.ask(who, "POST", route.replace("{id}", id), body, route=route)


def _photo(name: str) -> bytes:
    """A small picture of its own for each name; no photo may prove two things."""
    tint = zlib.crc32(name.encode())
    picture = Image.new("RGB", (160, 120), (tint & 255, tint >> 8 & 255, tint >> 16 & 255))
    held = io.BytesIO()
    picture.save(held, "JPEG")
    return held.getvalue()


async def _settled(ground: Ground) -> int:
    async with ground.books() as books:
        return int(await books["payment"].fetchval(_SETTLED))


async def _until_settled(ground: Ground, wanted: int) -> None:
    """The bank is asked after the user's acceptance, by itself."""
    until = time.monotonic() + 120
    while await _settled(ground) < wanted:
        if time.monotonic() > until:
            raise RuntimeError(f"{wanted - await _settled(ground)} orders are not settled")
        await asyncio.sleep(0.2)
