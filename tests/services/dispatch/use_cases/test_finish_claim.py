"""The timer of a claim."""

from uuid import UUID

import pytest

from services.dispatch.use_cases.finish_claim import finish_claim
from shared.kit.errors import Unavailable
from tests.conftest import ServiceFixture
from tests.services.dispatch.given import Scene, scene


async def finish(here: Scene, offer_id: str) -> None:
    ports = here.dispatch.kit.ports
    await finish_claim(here.dispatch.begin, ports["calendar"], ports["assignments"], UUID(offer_id))


async def test_a_claim_that_has_ended_is_left_alone(service: ServiceFixture) -> None:
    async with scene(service) as here:
        worker = await here.worker()
        await here.paid()
        [offer] = await here.offers(worker)
        await here.accept(worker, offer["id"])
        calls = here.peers.calls.total()

        await finish(here, offer["id"])

        assert here.peers.calls.total() == calls


async def test_while_nobody_answers_the_claim_stays_and_is_tried_again(
    service: ServiceFixture,
) -> None:
    async with scene(service) as here:
        worker = await here.worker()
        await here.paid()
        [offer] = await here.offers(worker)
        here.peers.lose_after["assign"] = 4
        assert (await here.accept(worker, offer["id"])).status_code == 503

        with pytest.raises(Unavailable):
            await finish(here, offer["id"])
        assert await here.states() == ["claiming"]
        await finish(here, offer["id"])

        assert await here.states() == ["accepted"]
        assert list(here.peers.booked) == [offer["id"]]
