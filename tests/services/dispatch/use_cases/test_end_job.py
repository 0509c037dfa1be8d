"""Work that is done frees its workers."""

from datetime import timedelta

from shared.contracts.worker import SlotBooked, SlotReleased
from shared.kit.ids import new_id
from tests.conftest import ServiceFixture
from tests.services.dispatch.given import SHA_TIN, completed, north, scene


async def test_a_worker_who_is_done_early_may_be_offered_the_next_job(
    service: ServiceFixture,
) -> None:
    async with scene(service) as here:
        worker = await here.worker()
        order = await here.paid(lasts=timedelta(hours=4))
        [offer] = await here.offers(worker)
        await here.accept(worker, offer["id"])
        await here.dispatch.pass_time(hours=1)
        await here.at(worker, north(SHA_TIN, 200))

        await here.dispatch.tell_twice(completed(order, here.now))
        await here.paid()

        assert len(await here.offers(worker)) == 1
        async with here.dispatch.begin() as tx:
            [row] = await tx.run("SELECT idle_since FROM presences")
        assert here.now - row[0] < timedelta(minutes=1)


async def test_a_claim_still_under_way_when_the_job_ends_keeps_nobody_busy(
    service: ServiceFixture,
) -> None:
    """The order assigned it, but the answer did not come back until the work was done."""
    async with scene(service) as here:
        worker = await here.worker()
        order = await here.paid(lasts=timedelta(minutes=30))
        [offer] = await here.offers(worker)
        here.peers.lose_after["assign"] = 2
        assert (await here.accept(worker, offer["id"])).status_code == 503

        await here.dispatch.tell_twice(completed(order, here.now))
        await here.dispatch.pass_time(hours=2)

        assert await here.states() == ["accepted"]
        await here.at(worker, north(SHA_TIN, 200))
        await here.paid()
        assert len(await here.offers(worker)) == 1


async def test_the_calendar_as_told_decides_until_the_booking_ends(
    service: ServiceFixture,
) -> None:
    async with scene(service) as here:
        worker = await here.worker()
        slot = {"worker_id": worker, "offer_id": new_id(), "order_id": new_id()}
        until = here.now + timedelta(hours=3)
        booked = SlotBooked(**slot, visit_id=new_id(), starts_at=here.now, ends_at=until)
        await here.dispatch.tell_twice(booked)
        order = await here.paid()
        assert (await here.rounds(order))[0]["rejected"] == {"booked": 1}

        free_from = here.now - timedelta(minutes=30)
        await here.dispatch.tell_twice(SlotReleased(**slot, free_from=free_from, taken_back=False))
        await here.dispatch.pass_time(seconds=5)

        assert len(await here.offers(worker)) == 1
