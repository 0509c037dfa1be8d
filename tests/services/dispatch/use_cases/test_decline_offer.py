"""A worker says no."""

import asyncio

import pytest

from shared.kit.ids import new_id
from tests.conftest import ServiceFixture
from tests.services.dispatch.given import scene
from tests.support.service import as_json


async def test_the_next_worker_is_asked_at_once_and_this_one_not_again(
    service: ServiceFixture,
) -> None:
    async with scene(service) as here:
        first, second = await here.worker(metres=300), await here.worker(metres=900)
        order = await here.paid()
        [offer] = await here.offers(first)

        answer = as_json(await here.decline(first, offer["id"]))
        await here.dispatch.run_due()

        assert (answer["state"], answer["point"]) == ("declined", None)
        assert await here.offers(first) == []
        [next_offer] = await here.offers(second)
        await here.decline(second, next_offer["id"])
        await here.dispatch.pass_time(seconds=10)
        assert await here.offers(first) == []
        [*_, last] = await here.rounds(order)
        assert last["rejected"] == {"refused_before": 2}
        assert [one["decline_reason"] for one in await here.rounds(order, "offers")] == [
            "too_far",
            "too_far",
        ]


async def test_only_the_worker_it_was_made_to_may_decline_and_only_in_time(
    service: ServiceFixture,
) -> None:
    async with scene(service) as here:
        worker = await here.worker()
        await here.paid()
        [offer] = await here.offers(worker)

        assert (await here.decline(new_id(), offer["id"])).status_code == 404
        here.dispatch.clock.advance_to(here.dispatch.clock.offset_seconds + 16)
        assert (await here.decline(worker, offer["id"])).status_code == 410
        assert await here.states() == ["offered"]


async def test_ten_equal_declines_are_one(service: ServiceFixture) -> None:
    async with scene(service) as here:
        worker = await here.worker()
        await here.paid()
        [offer] = await here.offers(worker)
        key = new_id()

        answers = await asyncio.gather(*(here.decline(worker, offer["id"], key) for _ in range(10)))

        assert {answer.status_code for answer in answers} == {200}
        async with here.dispatch.begin() as tx:
            [row] = await tx.run("SELECT offers_declined FROM candidates")
        assert row[0] == 1


@pytest.mark.race("offer_for_update")
async def test_accept_and_decline_at_once_have_one_outcome(service: ServiceFixture) -> None:
    async with scene(service) as here:
        for _ in range(8):
            worker = await here.worker()
            order = await here.paid()
            [offer] = await here.offers(worker)

            both = await asyncio.gather(
                here.accept(worker, offer["id"]), here.decline(worker, offer["id"])
            )

            assert sorted(answer.status_code for answer in both) == [200, 409]
            [made, *_] = await here.rounds(order, "offers")
            assert made["state"] in ("accepted", "declined")
            assert (offer["id"] in here.peers.booked) == (made["state"] == "accepted")
            await here.finish(order)
            await here.online(worker, online=False)
