"""The cascade of offers: who is asked when, and what is kept about it."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.dispatch.domain.cost import Features, terms_of
from services.dispatch.domain.places import distance_m
from shared.contracts.dispatch import JobAssigned, JobOffered
from shared.contracts.shapes import Point, Urgency
from shared.kit.ids import new_id
from tests.conftest import ServiceFixture
from tests.services.dispatch.given import SHA_TIN, Scene, north, profile, scene, shift
from tests.support.due import run_due
from tests.support.service import as_json


async def test_the_offer_says_what_a_worker_decides_by(service: ServiceFixture) -> None:
    async with scene(service) as here:
        worker = await here.worker(metres=1_000)
        order = await here.paid(equipment="flatbed")

        [offer] = await here.offers(worker)

        assert offer["net_pay"] == {"minor": 680_00, "currency": "HKD"}
        assert offer["distance_m"] == 1_000
        assert offer["eta_seconds"] > 60
        assert offer["duration_seconds"] == 3_600
        assert offer["category"] == "towing"
        assert offer["offering_name"]["en"] == "Towing"
        place = Point(lat=offer["place"]["lat"], lng=offer["place"]["lng"])
        assert 0 < distance_m(place, SHA_TIN) < 300
        assert (offer["place"]["district"], offer["place"]["accuracy_m"]) == ("ST", 300)
        [told] = await here.dispatch.told(JobOffered)
        assert told.order_id == order.order_id
        assert told.worker_id == worker
        assert (told.expires_at - here.now).total_seconds() <= 15


async def test_thirty_candidates_two_radius_steps_refusals_and_silence(
    service: ServiceFixture,
) -> None:
    """Everybody is asked once near by, then further out; who was silent once more at the end."""
    async with scene(service, fresh_seconds=36_000, radius_steps_m=(3_000, 5_000)) as here:
        near = [await here.worker(metres=200 + 200 * n) for n in range(12)]
        far = [await here.worker(metres=3_100 + 100 * n) for n in range(18)]
        nearest_first = near + far
        order = await here.paid(search_until=here.now + timedelta(hours=3))
        asked, silent = [], []
        for turn in range(30):
            worker, offer = await here.holder()
            asked.append(worker)
            if turn % 2:
                silent.append(worker)
                await here.dispatch.pass_time(seconds=16)
            else:
                assert (await here.decline(worker, offer["id"])).status_code == 200
                await here.dispatch.run_due()
        assert asked == nearest_first

        worker, offer = await here.holder()
        assert worker == silent[0]  # At the widest radius, those who were silent come once more.
        assert as_json(await here.accept(worker, offer["id"]))["state"] == "accepted"

        states = sorted(await here.states())
        assert states == ["accepted"] + ["declined"] * 15 + ["expired"] * 15
        assert len(await here.dispatch.told(JobOffered)) == 31
        assert len(await here.dispatch.told(JobAssigned)) == 1
        rounds = await here.rounds(order)
        assert [one["number"] for one in rounds] == list(range(1, len(rounds) + 1))
        assert [one["radius_m"] for one in rounds] == sorted(one["radius_m"] for one in rounds)
        assert len(rounds) == 31
        assert all(one["offer_id"] for one in rounds)
        widened = next(one for one in rounds if one["radius_m"] == 5_000)
        assert widened["rejected"] == {"refused_before": 6}
        assert widened["number"] == 13


async def test_what_was_kept_about_a_round_reproduces_its_costs(service: ServiceFixture) -> None:
    async with scene(service) as here:
        best = await here.worker(metres=300, credit=91.5)
        await here.worker(metres=900, credit=64.0)
        await here.worker(metres=700, equipment=[])
        order = await here.paid(equipment="flatbed")

        [kept] = await here.rounds(order)

        assert kept["rejected"] == {"equipment": 1}
        priced = [one for one in kept["candidates"] if not one["rejects"]]
        assert priced[0]["worker_id"] == str(best)
        assert [one["cost"] for one in priced] == sorted(one["cost"] for one in priced)
        for one in priced:
            assert terms_of(Features(**one["features"])).total == one["cost"]


async def test_rounds_that_come_out_alike_are_counted_not_kept(service: ServiceFixture) -> None:
    async with scene(service) as here:
        await here.worker(metres=500, skills=[])
        order = await here.paid()
        for _ in range(5):
            await here.dispatch.pass_time(seconds=4)

        rounds = await here.rounds(order)

        [kept] = rounds
        assert (kept["number"], kept["radius_m"], kept["repeats"]) == (1, 12_000, 6)
        assert kept["rejected"] == {"skill": 1}
        assert kept["first_at"] < kept["last_at"]


async def test_a_round_that_comes_out_otherwise_is_kept_anew(service: ServiceFixture) -> None:
    async with scene(service) as here:
        only = await here.worker(metres=500, skills=[])
        order = await here.paid()
        await here.dispatch.pass_time(seconds=4)
        await here.dispatch.tell(profile(only, skills=[], suspended=True))
        await here.dispatch.pass_time(seconds=4)

        rounds = await here.rounds(order)

        assert [(one["number"], one["repeats"]) for one in rounds] == [(1, 2), (2, 1)]
        assert [one["rejected"] for one in rounds] == [{"skill": 1}, {"skill": 1, "suspended": 1}]


async def test_one_round_says_how_far_it_had_to_look(service: ServiceFixture) -> None:
    async with scene(service) as here:
        near = await here.worker(metres=500, approved=False)
        far = await here.worker(metres=6_000)
        order = await here.paid()

        [kept] = await here.rounds(order)

        assert kept["radius_m"] == 8_000
        assert [one["worker_id"] for one in kept["candidates"]] == [str(far), str(near)]
        assert kept["rejected"] == {"not_approved": 1}


async def test_one_worker_is_offered_one_job_at_a_time(service: ServiceFixture) -> None:
    async with scene(service) as here:
        only = await here.worker()
        orders = [await here.paid() for _ in range(2)]

        assert len(await here.offers(only)) == 1
        assert await here.states("searches") == ["offered", "searching"]
        [*_, last] = await here.rounds(orders[1])
        assert last["rejected"] == {"open_offer": 1}


async def test_rival_searches_never_offer_one_worker_twice(service: ServiceFixture) -> None:
    """The rounds of many orders at once: the database holds one open offer a worker."""
    async with scene(service) as here:
        for metres in (300, 600, 900):
            await here.worker(metres=metres)
        orders = []
        for _ in range(8):
            orders.append(await here.paid_quietly())

        runs = [run_due(here.dispatch.wiring.timers, here.dispatch.begin, here.dispatch.clock)
                for _ in range(6)]  # fmt: skip
        await asyncio.gather(*runs)
        await here.dispatch.run_due()

        assert await here.states() == ["offered"] * 3
        assert sorted([len(await here.offers(worker)) for worker in here.workers]) == [1, 1, 1]
        assert sorted(await here.states("searches")) == ["offered"] * 3 + ["searching"] * 5


async def test_a_crew_is_made_of_different_workers(service: ServiceFixture) -> None:
    async with scene(service) as here:
        pair = [await here.worker(metres=300), await here.worker(metres=600)]
        tomorrow = here.now + timedelta(days=1)
        facts: dict[str, Any] = {"urgency": Urgency.SCHEDULED, "starts_at": tomorrow}
        await here.paid(crew=2, skill="cleaning", **facts)

        offers = [offer for worker in pair for offer in await here.offers(worker)]

        assert sorted(offer["position"] for offer in offers) == [1, 2]
        for worker, offer in zip(pair, offers, strict=True):
            assert as_json(await here.accept(worker, offer["id"]))["state"] == "accepted"
        assert await here.states("searches") == ["filled", "filled"]


async def test_who_has_one_position_is_not_asked_for_the_other(service: ServiceFixture) -> None:
    async with scene(service) as here:
        only = await here.worker()
        order = await here.paid(crew=2)
        [offer] = await here.offers(only)
        await here.accept(only, offer["id"])
        await here.dispatch.pass_time(seconds=5)

        assert await here.offers(only) == []
        [*_, last] = await here.rounds(order)
        assert last["rejected"]["booked"] == 1


async def test_a_worker_at_work_is_not_offered_urgent_jobs_even_past_the_planned_end(
    service: ServiceFixture,
) -> None:
    async with scene(service) as here:
        only = await here.worker()
        await here.paid(lasts=timedelta(minutes=30))
        [offer] = await here.offers(only)
        await here.accept(only, offer["id"])
        await here.dispatch.pass_time(hours=2)
        await here.at(only, north(SHA_TIN, 300))

        order = await here.paid()

        assert await here.offers(only) == []
        assert (await here.rounds(order))[-1]["rejected"] == {"booked": 1}


async def test_users_are_not_offered_their_own_orders(service: ServiceFixture) -> None:
    async with scene(service) as here:
        person = await here.worker()
        order = await here.paid(user_id=person)

        assert await here.offers(person) == []
        assert (await here.rounds(order))[0]["rejected"] == {"own_order": 1}


async def test_a_far_away_worker_is_not_even_looked_at(service: ServiceFixture) -> None:
    async with scene(service) as here:
        await here.worker(point=Point(lat=22.245, lng=114.165), worker_id=new_id())
        order = await here.paid()

        assert all(one["candidates"] == [] for one in await here.rounds(order))


async def test_a_job_past_its_time_is_judged_and_offered_from_now_on(
    service: ServiceFixture,
) -> None:
    """Planned from 10 to 11; at 12:45 it is one until 13:45, and that is what a yes books."""
    async with scene(service) as here:
        worker = await here.worker()
        begun = here.now
        await here.paid(
            urgency=Urgency.SCHEDULED,
            starts_at=begun - timedelta(hours=2, minutes=45),
            lasts=timedelta(hours=1),
        )
        [offer] = await here.offers(worker)
        await here.accept(worker, offer["id"])

        starts_at = datetime.fromisoformat(offer["starts_at"])
        assert begun <= starts_at <= here.now
        assert datetime.fromisoformat(offer["ends_at"]) - starts_at == timedelta(hours=1)
        booked = here.peers.booked[offer["id"]]
        assert datetime.fromisoformat(booked["starts_at"]) == starts_at
        assert datetime.fromisoformat(booked["ends_at"]) - starts_at == timedelta(hours=1)


async def test_a_job_past_its_time_is_not_offered_to_who_is_booked_by_now(
    service: ServiceFixture,
) -> None:
    """Planned from 10 to 11, looked for at 12:45, booked from 12 to 14."""
    async with scene(service) as here:
        worker = await here.worker()
        since = here.now - timedelta(minutes=45)
        await here.taken(worker, since, since + timedelta(hours=2))
        planned = here.now - timedelta(hours=2, minutes=45)
        order = await here.paid(urgency=Urgency.SCHEDULED, starts_at=planned)

        assert await here.offers(worker) == []
        assert (await here.rounds(order))[0]["rejected"] == {"booked": 1}


async def test_a_job_past_its_time_is_not_offered_to_who_has_gone_home(
    service: ServiceFixture,
) -> None:
    """Planned from 10 to 11, looked for at 12:45, hours until 12."""
    async with scene(service) as here:
        hours = shift(here.now - timedelta(hours=4), here.now - timedelta(minutes=45))
        worker = await here.worker(shifts=[hours])
        planned = here.now - timedelta(hours=2, minutes=45)
        order = await here.paid(urgency=Urgency.SCHEDULED, starts_at=planned)

        assert await here.offers(worker) == []
        assert (await here.rounds(order))[0]["rejected"] == {"hours": 1}


async def test_who_was_busy_when_an_urgent_job_was_paid_may_come_once_free(
    service: ServiceFixture,
) -> None:
    """Paid at 10:05, busy until 10:25: free at 10:40, the way there included."""
    async with scene(service, fresh_seconds=36_000) as here:
        worker = await here.worker()
        await here.taken(worker, here.now - timedelta(hours=1), here.now + timedelta(minutes=20))
        order = await here.paid(search_until=here.now + timedelta(hours=1))
        assert (await here.rounds(order))[0]["rejected"] == {"booked": 1}

        await here.dispatch.pass_time(minutes=28)
        await here.at(worker, north(SHA_TIN, 300))
        await here.dispatch.pass_time(minutes=6)
        assert await here.offers(worker) == []
        await here.dispatch.pass_time(minutes=1, seconds=3)

        assert len(await here.offers(worker)) == 1


async def _two_looks(here: Scene) -> None:
    timers = here.dispatch.wiring.timers
    both = [run_due(timers, here.dispatch.begin, here.dispatch.clock) for _ in range(2)]
    await asyncio.gather(*both)


@pytest.mark.race("wanted_for_update")
async def test_one_search_looked_at_twice_at_once_makes_one_offer(service: ServiceFixture) -> None:
    async with scene(service) as here:
        await here.worker()
        await here.worker()
        for _ in range(5):
            order = await here.paid_quietly()
            await _two_looks(here)
            made = await here.rounds(order, "offers")
            assert len(made) <= 1
            await here.finish(order)
