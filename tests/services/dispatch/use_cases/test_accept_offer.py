"""Accepting an offer: one answer, whoever else wants the same offer at the same moment."""

import asyncio
from datetime import datetime, timedelta

from shared.contracts.dispatch import JobAssigned
from shared.kit.ids import new_id
from tests.conftest import ServiceFixture
from tests.services.dispatch.given import scene
from tests.support.service import as_json


async def test_the_worker_is_booked_assigned_and_told_where_to_go(
    service: ServiceFixture,
) -> None:
    async with scene(service) as here:
        worker = await here.worker()
        order = await here.paid()
        [offer] = await here.offers(worker)

        answer = as_json(await here.accept(worker, offer["id"]))

        assert answer["state"] == "accepted"
        assert answer["promised_eta_seconds"] == 600
        assert answer["point"] == {"lat": 22.383, "lng": 114.19}
        assert list(here.peers.booked) == [offer["id"]]
        assert list(here.peers.assigned.values()) == [offer["id"]]
        [promised] = [datetime.fromisoformat(one) for one in here.peers.promises]
        assert timedelta(0) <= here.now - (promised - timedelta(seconds=600)) < timedelta(minutes=1)
        [told] = await here.dispatch.told(JobAssigned)
        assert (told.worker_id, told.order_id, told.position) == (worker, order.order_id, 1)
        assert await here.states("searches") == ["filled"]
        assert await here.offers(worker) == []
        assert (
            await here.dispatch.pass_time(minutes=20) == 1
        )  # The deadline, which finds it filled.


async def test_ten_equal_accepts_are_done_once_and_answered_alike(service: ServiceFixture) -> None:
    async with scene(service) as here:
        worker = await here.worker()
        await here.paid()
        [offer] = await here.offers(worker)
        key = new_id()

        answers = await asyncio.gather(*(here.accept(worker, offer["id"], key) for _ in range(10)))

        # While the first one asks around, its twins are told to come again.
        assert {answer.status_code for answer in answers} <= {200, 409}
        assert {a.headers["Retry-After"] for a in answers if a.status_code == 409} <= {"1"}
        again = await here.accept(worker, offer["id"], key)
        assert again.headers["Idempotent-Replayed"] == "true"
        assert {as_json(a)["id"] for a in [*answers, again] if a.is_success} == {offer["id"]}
        assert len(await here.dispatch.told(JobAssigned)) == 1
        assert here.peers.calls["book"] == 1


async def test_another_workers_offer_is_not_found(service: ServiceFixture) -> None:
    async with scene(service) as here:
        worker = await here.worker()
        await here.paid()
        [offer] = await here.offers(worker)

        assert (await here.accept(new_id(), offer["id"])).status_code == 404
        assert (await here.accept(worker, str(new_id()))).status_code == 404
        assert await here.states() == ["offered"]


async def test_a_late_accept_is_gone_whether_the_timer_has_run_or_not(
    service: ServiceFixture,
) -> None:
    async with scene(service) as here:
        worker = await here.worker()
        await here.paid()
        [offer] = await here.offers(worker)
        here.dispatch.clock.advance_to(here.dispatch.clock.offset_seconds + 16)

        before = await here.accept(worker, offer["id"])
        await here.dispatch.run_due()
        after = await here.accept(worker, offer["id"])

        assert [before.status_code, after.status_code] == [410, 410]
        assert before.json()["type"].endswith("/offer-expired")
        assert not here.peers.calls


async def test_a_worker_whose_calendar_is_taken_loses_and_the_search_goes_on(
    service: ServiceFixture,
) -> None:
    async with scene(service) as here:
        taken = await here.worker(metres=200)
        other = await here.worker(metres=2_000)
        here.peers.busy_workers.add(str(taken))
        await here.paid()
        [offer] = await here.offers(taken)

        refused = await here.accept(taken, offer["id"])

        assert refused.status_code == 409
        assert refused.json()["type"].endswith("/offer-lost")
        assert refused.json()["reason"] == "slot-taken"
        await here.dispatch.run_due()
        [next_offer] = await here.offers(other)
        assert as_json(await here.accept(other, next_offer["id"]))["state"] == "accepted"
        assert sorted(await here.states()) == ["accepted", "lost"]
        assert list(here.peers.booked) == [next_offer["id"]]


async def test_an_order_that_refuses_gives_the_booking_back(service: ServiceFixture) -> None:
    async with scene(service) as here:
        worker = await here.worker()
        order = await here.paid()
        [offer] = await here.offers(worker)
        here.peers.cancelled.add(str(order.order_id))

        refused = await here.accept(worker, offer["id"])

        assert refused.json()["reason"] == "move-refused"
        assert here.peers.booked == {}
        assert here.peers.tombs == {offer["id"]}
        assert await here.states() == ["lost"]
        again = await here.accept(worker, offer["id"])
        assert again.json()["state"] == "lost"
