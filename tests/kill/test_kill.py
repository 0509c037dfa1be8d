"""kill -9 of every kind of process with orders in flight: nothing acknowledged is lost.

On a fleet of its own with API and background apart and durable commits.
"""

import asyncio
import random
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy.local.fleet import Fleet
from tests.invariants.__main__ import check
from tests.journeys.cast import hire
from tests.journeys.stage import Person, Stage
from tests.kill.lives import Life, car_to_tow, ring
from tests.support.fleets import fleet_in

LIVES = 24
IN_FLIGHT_MIN = 20
VICTIMS = (
    "order", "payment", "dispatch", "order-background", "payment-background", "user",
    "dispatch-background", "worker", "worker-background", "promotion-background", "gateway",
    "sandbox", "kafka", "postgres",
)  # fmt: skip
BETWEEN_SECONDS = 1.2
pytestmark = [pytest.mark.fleet, pytest.mark.timeout(420)]


@pytest.fixture
async def fleet(tmp_path: Path) -> AsyncIterator[Fleet]:
    async with fleet_in(tmp_path, furnish=True, split=True) as fleet:
        yield fleet


async def test_every_acknowledged_order_survives_every_death(fleet: Fleet, tmp_path: Path) -> None:
    async with Stage.on(tmp_path, quiet=True) as stage:
        lives, may_end = await _lives(stage)
        tasks = [asyncio.create_task(life.live()) for life in lives]
        await _until_in_flight(lives)
        for victim in VICTIMS:
            flying = sum(1 for task in tasks if not task.done())
            assert flying >= IN_FLIGHT_MIN, f"only {flying} orders in flight before {victim}"
            fleet.kill(victim, signal.SIGKILL)
            await asyncio.sleep(BETWEEN_SECONDS)
            await fleet.wait_ready(victim)
        may_end.set()
        await asyncio.gather(*tasks)

    found, orders = await check(tmp_path)
    assert {name: finding.broken for name, finding in found.items() if finding.broken} == {}
    assert orders == LIVES


async def _lives(stage: Stage) -> tuple[list[Life], asyncio.Event]:
    staff = await stage.staff()
    truck = [{"code": "towing", "level": 3}]
    crew: dict[str, Person] = {}
    places = ring(LIVES + 4)
    for start in range(0, len(places), 7):
        hired = await asyncio.gather(
            *(
                hire(stage, staff, f"kill-{number:02d}", places[number], truck, ["wheel_lift"])
                for number in range(start, min(start + 7, len(places)))
            )
        )
        crew |= {worker.account_id: worker for worker in hired}
    users = [await stage.person(f"stranded-{number:02d}") for number in range(LIVES)]
    offering = await car_to_tow(users[0])
    may_end = asyncio.Event()
    lives = [
        Life(stage, user, crew, offering, may_end, random.Random(number))
        for number, user in enumerate(users)
    ]
    return lives, may_end


async def _until_in_flight(lives: list[Life]) -> None:
    until = time.monotonic() + 60
    while sum(bool(life.order_id) for life in lives) < IN_FLIGHT_MIN:
        assert time.monotonic() < until, "the orders were not placed"
        await asyncio.sleep(0.1)
