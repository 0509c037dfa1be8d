"""Workers come and go."""

from services.dispatch.domain.search import SearchState
from shared.kit.ids import new_id
from tests.conftest import ServiceFixture
from tests.services.dispatch.given import scene


async def test_who_is_offline_is_not_asked(service: ServiceFixture) -> None:
    async with scene(service) as here:
        worker = await here.worker()
        shown = await here.online(worker, online=False)
        assert shown["online"] is False
        assert shown["online_at"] is None

        order = await here.paid()

        assert await here.offers(worker) == []
        assert (await here.rounds(order))[0]["rejected"] == {"offline": 1}


async def test_coming_online_wakes_the_searches_around(service: ServiceFixture) -> None:
    async with scene(service, rescue_retry_seconds=600) as here:
        worker = await here.worker()
        await here.online(worker, online=False)
        await here.paid()
        assert await here.states("searches") == [SearchState.SEARCHING]

        await here.online(worker)
        await here.dispatch.run_due()

        assert len(await here.offers(worker)) == 1


async def test_saying_so_twice_keeps_the_first_time(service: ServiceFixture) -> None:
    async with scene(service) as here:
        worker = new_id()
        first = await here.online(worker)
        await here.dispatch.pass_time(minutes=5)

        assert await here.online(worker) == first
