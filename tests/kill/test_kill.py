"""kill -9 of every kind of process with orders in flight: nothing acknowledged is lost.

On a fleet of its own with API and background apart and durable commits.
"""

import asyncio
import random
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from deploy.local.fleet import Fleet
from tests.invariants.__main__ import check
from tests.journeys.cast import hire
from tests.journeys.stage import Person, Stage
from tests.kill.lives import Deaths, Life, car_to_tow, course, ring
from tests.support.fleets import fleet_in

LIVES, HIRED_AT_ONCE = 36, 10
# So many lives are under way at each death, and so many of them ask for something while it lasts.
IN_FLIGHT_MIN, ASKING_MIN = 20, 5
# The others accept among the deaths, and so many of them are paid out and over before the last.
EARLY, FIRST_ACCEPTED_AFTER, ENDED_EARLY_MIN = LIVES - IN_FLIGHT_MIN, 4, 8
VICTIMS = (
    "order", "payment", "dispatch", "order-background", "payment-background", "user",
    "dispatch-background", "worker", "worker-background", "promotion-background", "gateway",
    "sandbox", "kafka", "postgres",
)  # fmt: skip
BETWEEN_SECONDS = 1.0
pytestmark = [pytest.mark.fleet, pytest.mark.timeout(420)]


@pytest.fixture
async def fleet(tmp_path: Path) -> AsyncIterator[Fleet]:
    async with fleet_in(tmp_path, furnish=True, split=True) as fleet:
        yield fleet


async def test_every_acknowledged_order_survives_every_death(fleet: Fleet, tmp_path: Path) -> None:
    async with Stage.on(tmp_path, quiet=True) as stage:
        deaths = Deaths(len(VICTIMS))
        lives = await _lives(stage, deaths)
        async with asyncio.TaskGroup() as together:  # One that fails ends the others.
            for life in lives:
                together.create_task(life.live())
            await _until_in_flight(lives)
            for number, victim in enumerate(VICTIMS, 1):
                flying = sum(life.is_under_way for life in lives)
                assert flying >= IN_FLIGHT_MIN, f"only {flying} orders in flight before {victim}"
                ended_early = sum(life.has_ended for life in lives)
                before = [life.asked for life in lives]
                fleet.kill(victim, signal.SIGKILL)
                deaths.begin(number)
                await asyncio.sleep(BETWEEN_SECONDS)
                await fleet.wait_ready(victim)
                pairs = zip(lives, before, strict=True)
                asking = sum(life.asked > asked for life, asked in pairs)
                assert asking >= ASKING_MIN, f"only {asking} orders went on while {victim} died"
        assert all(life.has_ended for life in lives)
        assert any(life.faults for life in lives), "nobody noticed any death"
    assert ended_early >= ENDED_EARLY_MIN

    found, orders = await check(tmp_path)
    assert {name: finding.broken for name, finding in found.items() if finding.broken} == {}
    assert orders == LIVES


async def _lives(stage: Stage, deaths: Deaths) -> list[Life]:
    staff = await stage.staff()
    truck = [{"code": "towing", "level": 3}]
    crew: dict[str, Person] = {}
    places = ring(LIVES + 4)
    for start in range(0, len(places), HIRED_AT_ONCE):
        numbers = range(start, min(start + HIRED_AT_ONCE, len(places)))
        hired = await asyncio.gather(
            *(
                hire(stage, staff, f"kill-{number:02d}", places[number], truck, ["wheel_lift"])
                for number in numbers
            )
        )
        crew |= {worker.account_id: worker for worker in hired}
    users = [await stage.person(f"stranded-{number:02d}") for number in range(LIVES)]
    offering = await car_to_tow(users[0])
    return [_life(number, stage, user, crew, offering, deaths) for number, user in enumerate(users)]


def _life(
    number: int,
    stage: Stage,
    user: Person,
    crew: dict[str, Person],
    offering: dict[str, Any],
    deaths: Deaths,
) -> Life:
    """The first ones accept in turn, from the fourth death on; the rest after the last."""
    last = len(VICTIMS)
    among = FIRST_ACCEPTED_AFTER + number % (last - 1 - FIRST_ACCEPTED_AFTER)
    rng = random.Random(number)
    steps = course(among if number < EARLY else last, rng)
    return Life(stage, user, crew, offering, deaths, steps, rng)


async def _until_in_flight(lives: list[Life]) -> None:
    until = time.monotonic() + 60
    while sum(life.is_under_way for life in lives) < LIVES:
        assert time.monotonic() < until, "the orders were not placed"
        await asyncio.sleep(0.1)
