"""Workers for the bench: applied, approved, on duty day and night, online around one place."""

import asyncio
import time

from deploy.local.recruit import DAY_AND_NIGHT, application_of
from tests.bench.checkout import SHA_TIN
from tests.bench.ground import Ground
from tests.bench.people import AT_ONCE, Asker, Person, users

SKILLS = [{"code": "roadside", "level": 2}]
SEEN_EVERY_SECONDS = 40.0  # A position counts for two minutes.
ROLE_WITHIN_SECONDS = 60


async def hire(ground: Ground, count: int) -> list[Person]:
    """This many workers, online and near."""
    staff, crew = await ground.staff(), await users(ground.gateway, count, "worker")
    waiting = iter(crew)

    async def hire_some() -> None:
        asker = Asker(ground.gateway)
        for worker in waiting:
            await _apply(asker, staff, worker)
            await _until_worker(asker, worker)
            await asker.ask(worker, "PUT", "/workers/me/schedule", {"shifts": DAY_AND_NIGHT})
            await asker.ask(worker, "PUT", "/workers/me/presence", {"online": True})
            await be_seen(asker, worker)
        asker.close()

    await asyncio.gather(*(hire_some() for _ in range(AT_ONCE)))
    return crew


async def _apply(asker: Asker, staff: Person, worker: Person) -> None:
    application = application_of(worker.name, SKILLS, [], SHA_TIN)
    await asker.ask(worker, "POST", "/workers", application)
    granted = {"skills": SKILLS, "equipment": [], "reason": "papers and test seen"}
    await asker.ask(staff, "POST", f"/staff/worker/{worker.account_id}/approve", granted)


async def _until_worker(asker: Asker, worker: Person) -> None:
    """The role comes by an event; a token tells the roles of when it was made."""
    until = time.monotonic() + ROLE_WITHIN_SECONDS
    while time.monotonic() < until:
        await worker.log_in(asker.line)
        if "worker" in worker.roles:
            return
        await asyncio.sleep(0.2)
    raise RuntimeError(f"{worker.name} was approved and did not become a worker")


async def be_seen(asker: Asker, worker: Person) -> None:
    """The phone says where it is."""
    north = (hash(worker.account_id) % 1000) / 100_000
    point = {"lat": SHA_TIN["lat"] + north, "lng": SHA_TIN["lng"], "accuracy_m": 10}
    await asker.ask(worker, "POST", "/workers/me/positions", point)


async def keep_being_seen(gateway: str, crew: list[Person]) -> None:
    """All phones go on saying where they are, until cancelled."""
    asker = Asker(gateway)
    try:
        while True:
            for worker in crew:
                await be_seen(asker, worker)
                await asyncio.sleep(SEEN_EVERY_SECONDS / len(crew))
    finally:
        asker.close()
