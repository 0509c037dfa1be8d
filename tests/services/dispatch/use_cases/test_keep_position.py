"""Where workers are."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.dispatch.storage.searches import WOKEN_MAX
from shared.kit.caller import Role
from shared.kit.ids import new_id
from tests.conftest import ServiceFixture
from tests.services.dispatch.given import SHA_TIN, Scene, north, scene


async def say(here: Scene, worker: UUID, **facts: Any) -> Any:
    body = {"lat": 22.4, "lng": 114.2, "accuracy_m": 10} | facts
    headers = here.dispatch.bearer(worker, Role.WORKER)
    return await here.dispatch.http.post("/workers/me/positions", json=body, headers=headers)


async def kept(here: Scene) -> Any:
    async with here.dispatch.begin() as tx:
        [row] = await tx.run("SELECT lat, cell, located_at FROM presences")
    return row


async def due_at(here: Scene) -> list[datetime]:
    async with here.dispatch.begin() as tx:
        return [row[0] for row in await tx.run("SELECT due_at FROM timers WHERE kind = 'search'")]


async def test_there_is_one_row_a_worker_and_no_event(service: ServiceFixture) -> None:
    async with scene(service) as here:
        worker = new_id()
        for lat in (22.40, 22.41, 22.42):
            assert (await say(here, worker, lat=lat)).status_code == 204

        assert (await kept(here))["lat"] == 22.42
        assert await here.dispatch.told() == []


async def test_once_in_three_seconds_is_enough(service: ServiceFixture) -> None:
    async with scene(service, position_every_seconds=3) as here:
        worker = new_id()
        assert (await say(here, worker)).status_code == 204
        too_soon = await say(here, worker, lat=22.41)

        assert too_soon.status_code == 429
        assert too_soon.headers["Retry-After"] == "3"
        assert too_soon.json()["type"].endswith("/position-too-often")
        assert (await say(here, new_id())).status_code == 204


async def test_a_place_measured_earlier_does_not_replace_a_later_one(
    service: ServiceFixture,
) -> None:
    async with scene(service) as here:
        worker = new_id()
        await say(here, worker, lat=22.41)
        earlier = (here.now - timedelta(minutes=1)).isoformat()

        assert (await say(here, worker, lat=22.3, at=earlier)).status_code == 204
        assert (await kept(here))["lat"] == 22.41


async def test_who_was_silent_for_two_minutes_is_not_asked_until_heard_again(
    service: ServiceFixture,
) -> None:
    async with scene(service, rescue_retry_seconds=600) as here:
        worker = await here.worker()
        await here.dispatch.pass_time(seconds=125)
        order = await here.paid()
        assert (await here.rounds(order))[0]["rejected"] == {"stale_position": 1}

        await here.at(worker, north(SHA_TIN, 400))  # That wakes the search, too.
        await here.dispatch.run_due()

        assert len(await here.offers(worker)) == 1


async def test_who_comes_into_sight_does_not_undo_the_offer_that_a_round_is_making(
    service: ServiceFixture,
) -> None:
    async with scene(service) as here:
        worker, passing = await here.worker(), await here.worker(metres=2_000)
        await here.paid_quietly()
        timers, begin = here.dispatch.wiring.timers, here.dispatch.begin
        [running] = await timers._lease(begin, here.dispatch.clock, ["search"])

        await here.at(passing, north(SHA_TIN, 6_000))
        await here.online(passing, online=False)
        await here.online(passing)
        assert await timers._lease(begin, here.dispatch.clock, ["search"]) == []
        await timers._inside(begin, running)

        assert await here.states() == ["offered"]
        assert len(await here.offers(worker)) == 1


async def test_a_look_that_is_overdue_keeps_its_place_in_the_queue(
    service: ServiceFixture,
) -> None:
    async with scene(service) as here:
        worker = await here.worker()
        await here.paid_quietly()
        due = await due_at(here)

        await here.at(worker, north(SHA_TIN, 6_000))

        assert await due_at(here) == due


async def test_those_who_are_due_take_nobody_s_place_among_the_woken(
    service: ServiceFixture,
) -> None:
    async with scene(service) as here:
        worker = await here.worker()
        await here.online(worker, online=False)
        for _ in range(WOKEN_MAX + 1):
            await here.paid_quietly()
        async with here.dispatch.begin() as tx:  # The newest search waits for its next look.
            newest = "SELECT id FROM searches ORDER BY id DESC LIMIT 1"
            later = "due_at = due_at + interval '1 hour'"
            await tx.run(f"UPDATE timers SET {later} WHERE ref = ({newest})")
        assert max(await due_at(here)) > here.now

        await here.online(worker)

        assert max(await due_at(here)) <= here.now
