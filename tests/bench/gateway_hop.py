"""What the gateway costs: the same read through it and straight at the service."""

import asyncio
import time

from tests.bench import meter
from tests.bench.figure import HIGHER, LOWER, Figure, quantile, spread_ms
from tests.bench.ground import Ground
from tests.bench.people import Person, users
from tests.bench.wire import Line

AT_ONCE = 8
ROUNDS = 3
ALONE_REQUESTS = 300
READ = "/catalog/categories"


async def measure(ground: Ground) -> list[Figure]:
    """Requests a second, and the median time of a lone request, by both ways in turn."""
    seconds = ground.sizes.seconds / ROUNDS / 2
    people = await users(ground.gateway, 400, "reader")
    ways = {"gateway": (ground.gateway, "/api/v1"), "direct": (ground.fleet.urls["order"], "")}
    rates: dict[str, list[float]] = {way: [] for way in ways}
    alone: dict[str, list[float]] = {way: [] for way in ways}
    before, began = meter.own_cpu_seconds(), time.monotonic()
    for url, prefix in ways.values():  # Warm.
        await _load(url, prefix, people, 0.5)
    for _ in range(ROUNDS):
        for way, (url, prefix) in ways.items():
            rates[way].append(await _load(url, prefix, people, seconds))
    for _ in range(ROUNDS):
        for way, (url, prefix) in ways.items():
            alone[way] += await _alone(url, prefix, people)
    own = (meter.own_cpu_seconds() - before) / (time.monotonic() - began)
    ratio = _middle(rates["gateway"]) / _middle(rates["direct"])
    added = quantile(alone["gateway"], 0.5) - quantile(alone["direct"], 0.5)
    detail = {
        "requests_a_second": rates,
        "connections": AT_ONCE,
        "bench_cores": own,
        **meter.surroundings(),
    }
    times = {way: spread_ms(seconds_of) for way, seconds_of in alone.items()}
    return [
        Figure("gateway_hop", ratio, 0.40, HIGHER, "ratio", detail),
        Figure("gateway_hop_p50", added * 1000, 2, LOWER, "ms", {"one_at_a_time": times}),
    ]


async def _load(url: str, prefix: str, people: list[Person], seconds: float) -> float:
    """Requests a second over some connections, each account kept below its limit."""
    until = time.monotonic() + seconds
    began = time.monotonic()

    async def read(mine: list[Person]) -> int:
        answered = 0
        async with Line(url) as line:
            requests = _requests(line, prefix, mine)
            while time.monotonic() < until:
                answer = await line.send(requests[answered % len(requests)])
                if answer.status != 200:
                    raise RuntimeError(f"{url}{prefix}{READ}: {answer.status} {answer.body!r}")
                answered += 1
        return answered

    shares = [people[n::AT_ONCE] for n in range(AT_ONCE)]
    answered = await asyncio.gather(*(read(share) for share in shares))
    return sum(answered) / (time.monotonic() - began)


async def _alone(url: str, prefix: str, people: list[Person]) -> list[float]:
    """How long each of some requests took, one after the other."""
    took = []
    async with Line(url) as line:
        requests = _requests(line, prefix, people)
        for number in range(ALONE_REQUESTS):
            began = time.monotonic()
            await line.send(requests[number % len(requests)])
            took.append(time.monotonic() - began)
    return took[10:]


def _requests(line: Line, prefix: str, people: list[Person]) -> list[bytes]:
    return [line.request("GET", prefix + READ, one.headers, b"") for one in people]


def _middle(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]
