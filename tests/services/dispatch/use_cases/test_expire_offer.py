"""Silence ends an offer."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from shared.contracts.shapes import Urgency
from tests.conftest import ServiceFixture
from tests.services.dispatch.given import scene


@pytest.mark.parametrize(
    ("urgency", "seconds"),
    [(Urgency.RESCUE, 15), (Urgency.SAME_DAY, 60), (Urgency.SCHEDULED, 600)],
)
async def test_an_offer_lasts_as_long_as_its_urgency_allows(
    service: ServiceFixture, urgency: Urgency, seconds: int
) -> None:
    async with scene(service, fresh_seconds=3_600) as here:
        first, second = await here.worker(metres=300), await here.worker(metres=900)
        later = here.now + timedelta(hours=5)
        await here.paid(urgency=urgency, starts_at=later, search_until=later)
        asked, offer = await here.holder()
        offered_at, expires_at = [
            datetime.fromisoformat(offer[name]) for name in ("offered_at", "expires_at")
        ]

        assert expires_at - offered_at == timedelta(seconds=seconds)
        # On a busy machine the test itself takes seconds, which the fleet's clock counts too.
        await here.dispatch.pass_time(seconds=seconds / 2)
        assert await here.states() == ["offered"]
        await here.dispatch.pass_time(seconds=seconds / 2)

        assert await here.states() == ["expired", "offered"]
        assert {asked, (await here.holder())[0]} == {first, second}


async def test_silence_is_counted_apart_from_refusal(service: ServiceFixture) -> None:
    async with scene(service) as here:
        await here.worker()
        await here.paid()
        await here.dispatch.pass_time(seconds=16)

        async with here.dispatch.begin() as tx:
            [row] = await tx.run("SELECT offers_declined, offers_expired FROM candidates")
        assert tuple(row) == (0, 1)


async def test_nobody_is_asked_a_third_time_for_one_order(service: ServiceFixture) -> None:
    async with scene(service) as here:
        worker = await here.worker()
        order = await here.paid()
        for _ in range(8):
            await here.dispatch.pass_time(seconds=10)

        assert await here.states() == ["expired", "expired"]
        assert await here.offers(worker) == []
        [*_, last] = await here.rounds(order)
        assert last["rejected"] == {"offered_max": 1}


async def test_an_expiry_that_comes_after_the_answer_changes_nothing(
    service: ServiceFixture,
) -> None:
    async with scene(service) as here:
        worker = await here.worker()
        await here.paid()
        [offer] = await here.offers(worker)
        await here.accept(worker, offer["id"])
        async with here.dispatch.begin() as tx:
            await tx.schedule("expire", UUID(offer["id"]), tx.now)

        await here.dispatch.pass_time(seconds=20)

        assert await here.states() == ["accepted"]
