"""Positions that lost their workers."""

import asyncio
from datetime import timedelta

import pytest

from shared.contracts.dispatch import JobAssigned, SearchEscalated
from tests.conftest import ServiceFixture
from tests.services.dispatch.given import cancelled, released, scene
from tests.support.service import as_json


async def test_the_position_is_offered_to_others_not_to_who_let_it_fall(
    service: ServiceFixture,
) -> None:
    async with scene(service) as here:
        first, second = await here.worker(metres=300), await here.worker(metres=900)
        order = await here.paid()
        [offer] = await here.offers(first)
        await here.accept(first, offer["id"])

        await here.dispatch.tell_twice(released(order, offer, first))
        here.peers.assigned.clear()
        await here.dispatch.run_due()

        assert await here.states() == ["released", "offered"]
        [again] = await here.offers(second)
        assert as_json(await here.accept(second, again["id"]))["state"] == "accepted"
        told = await here.dispatch.told(JobAssigned)
        assert [one.worker_id for one in told] == [first, second]


async def test_other_positions_keep_their_workers(service: ServiceFixture) -> None:
    async with scene(service) as here:
        pair = [await here.worker(metres=300), await here.worker(metres=600)]
        order = await here.paid(crew=2)
        offers = [(await here.offers(worker))[0] for worker in pair]
        for worker, offer in zip(pair, offers, strict=True):
            await here.accept(worker, offer["id"])

        await here.dispatch.tell_twice(released(order, offers[0], pair[0]))
        await here.dispatch.run_due()

        made = {one["id"]: one["state"] for one in await here.rounds(order, "offers")}
        assert made == {offers[0]["id"]: "released", offers[1]["id"]: "accepted"}
        assert sorted(await here.states("searches")) == ["filled", "searching"]


async def test_a_search_that_begins_again_late_gets_a_deadline_of_its_own(
    service: ServiceFixture,
) -> None:
    async with scene(service) as here:
        worker = await here.worker()
        order = await here.paid(search_until=here.now + timedelta(minutes=1))
        [offer] = await here.offers(worker)
        await here.accept(worker, offer["id"])
        await here.dispatch.pass_time(minutes=30)
        assert await here.dispatch.told(SearchEscalated) == []

        await here.dispatch.tell_twice(released(order, offer, worker))
        await here.dispatch.pass_time(minutes=9)
        assert await here.dispatch.told(SearchEscalated) == []
        await here.dispatch.pass_time(minutes=2)

        assert len(await here.dispatch.told(SearchEscalated)) == 1


async def test_old_news_does_not_take_a_new_worker_off_the_position(
    service: ServiceFixture,
) -> None:
    async with scene(service) as here:
        first, second = await here.worker(metres=300), await here.worker(metres=900)
        order = await here.paid()
        [offer] = await here.offers(first)
        await here.accept(first, offer["id"])
        news = released(order, offer, first)
        await here.dispatch.tell(news)
        here.peers.assigned.clear()
        await here.dispatch.run_due()
        [again] = await here.offers(second)
        await here.accept(second, again["id"])

        await here.dispatch.tell(news)  # Told anew, under another id.

        assert await here.states() == ["released", "accepted"]
        assert await here.states("searches") == ["filled"]


@pytest.mark.race("order_for_update")
async def test_a_release_and_a_cancel_at_once_leave_nobody_searching(
    service: ServiceFixture,
) -> None:
    async with scene(service) as here:
        for turn in range(10):
            worker = await here.worker()
            order = await here.paid()
            [offer] = await here.offers(worker)
            await here.accept(worker, offer["id"])
            news = [released(order, offer, worker), cancelled(order)]

            await asyncio.gather(
                *(here.dispatch.tell(one) for one in (news if turn % 2 else reversed(news)))
            )
            await here.dispatch.run_due()

            assert set(await here.states("searches")) == {"closed"}
            assert set(await here.states()) <= {"released", "cancelled"}
            here.peers.assigned.clear()
            await here.online(worker, online=False)
