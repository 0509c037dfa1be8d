"""A cancelled order needs nobody."""

import asyncio

import pytest

from shared.contracts.order import OrderCancelled
from tests.conftest import ServiceFixture
from tests.services.dispatch.given import cancelled, paid, scene


async def test_the_open_offer_is_taken_back_and_nobody_else_is_asked(
    service: ServiceFixture,
) -> None:
    async with scene(service) as here:
        worker = await here.worker()
        order = await here.paid()
        [offer] = await here.offers(worker)

        await here.dispatch.tell_twice(cancelled(order))

        assert await here.offers(worker) == []
        late = await here.accept(worker, offer["id"])
        assert (late.status_code, late.json()["state"]) == (409, "cancelled")
        assert await here.dispatch.pass_time(hours=1) == 0
        assert await here.states("searches") == ["closed"]


async def test_an_accepted_offer_is_cancelled_too_and_frees_the_worker(
    service: ServiceFixture,
) -> None:
    async with scene(service) as here:
        worker = await here.worker()
        order = await here.paid()
        [offer] = await here.offers(worker)
        await here.accept(worker, offer["id"])

        await here.dispatch.tell_twice(cancelled(order))

        assert await here.states() == ["cancelled"]
        await here.paid()
        assert len(await here.offers(worker)) == 1


async def test_a_cancel_that_overtakes_the_payment_keeps_the_search_from_beginning(
    service: ServiceFixture,
) -> None:
    async with scene(service) as here:
        worker = await here.worker()
        order = paid(here.now)
        await here.dispatch.tell_twice(cancelled(order))

        await here.dispatch.tell_twice(order)
        await here.dispatch.run_due()

        assert await here.states("searches") == []
        assert await here.offers(worker) == []


async def test_an_order_that_was_never_paid_leaves_nothing(service: ServiceFixture) -> None:
    async with scene(service) as here:
        unpaid: OrderCancelled = cancelled(paid(here.now)).model_copy(update={"was_paid": False})
        await here.dispatch.tell_twice(unpaid)

        async with here.dispatch.begin() as tx:
            assert await tx.run("SELECT 1 FROM closed_orders") == []


@pytest.mark.race("searches_for_update")
async def test_a_cancel_beside_rounds_and_refusals_closes_every_position(
    service: ServiceFixture,
) -> None:
    async with scene(service) as here:
        crew = [await here.worker(metres=200 * n) for n in range(1, 5)]
        for _ in range(8):
            order = await here.paid(crew=2)
            held = [(who, one["id"]) for who in crew for one in await here.offers(who)]
            assert len(held) == 2

            await asyncio.gather(
                *(here.decline(who, offer_id) for who, offer_id in held),
                here.dispatch.tell(cancelled(order)),
                here.dispatch.run_due(),
            )
            await here.dispatch.run_due()

            assert set(await here.states("searches")) == {"closed"}
            assert set(await here.states()) <= {"declined", "cancelled"}
