"""A search that comes to its deadline."""

from datetime import timedelta

from shared.contracts.dispatch import SearchEscalated
from tests.conftest import ServiceFixture
from tests.services.dispatch.given import scene
from tests.support.service import as_json


async def test_it_is_told_once_and_the_search_goes_on_once_a_minute(
    service: ServiceFixture,
) -> None:
    async with scene(service) as here:
        order = await here.paid()
        await here.dispatch.pass_time(minutes=9)
        assert await here.dispatch.told(SearchEscalated) == []
        await here.dispatch.pass_time(minutes=2)
        await here.dispatch.pass_time(hours=1)

        [told] = await here.dispatch.told(SearchEscalated)
        assert (told.order_id, told.user_id) == (order.order_id, order.user_id)
        async with here.dispatch.begin() as tx:
            [row] = await tx.run("SELECT due_at - $1::timestamptz AS wait FROM timers", tx.now)
        assert timedelta(seconds=50) < row["wait"] <= timedelta(seconds=60)


async def test_a_worker_may_still_be_found_after_the_deadline(service: ServiceFixture) -> None:
    async with scene(service) as here:
        await here.paid()
        await here.dispatch.pass_time(minutes=11)
        worker = await here.worker()
        await here.dispatch.run_due()  # Their coming online wakes the search.

        [offer] = await here.offers(worker)
        assert as_json(await here.accept(worker, offer["id"]))["state"] == "accepted"


async def test_a_filled_search_is_not_escalated(service: ServiceFixture) -> None:
    async with scene(service) as here:
        worker = await here.worker()
        await here.paid()
        [offer] = await here.offers(worker)
        await here.accept(worker, offer["id"])

        await here.dispatch.pass_time(hours=1)

        assert await here.dispatch.told(SearchEscalated) == []


async def test_a_crew_that_lacks_one_is_escalated(service: ServiceFixture) -> None:
    async with scene(service) as here:
        worker = await here.worker()
        await here.paid(crew=2)
        [offer] = await here.offers(worker)
        await here.accept(worker, offer["id"])

        await here.dispatch.pass_time(minutes=11)

        assert len(await here.dispatch.told(SearchEscalated)) == 1
