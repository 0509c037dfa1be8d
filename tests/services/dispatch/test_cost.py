"""What a paid order costs dispatch's database, so that nobody makes it dearer unawares."""

import asyncio

from tests.conftest import ServiceFixture
from tests.services.dispatch.given import Scene, paid, scene
from tests.support.due import run_due
from tests.support.statements import statements_of

# BEGIN, COMMIT and the look for timers that are due count too.
NOBODY_NEAR_MAX, AGAIN_MAX, OFFERED_MAX, ACCEPTED_MAX = 13, 7, 15, 13
LISTED_MAX = 1  # Workers look every few seconds.


async def heard_and_looked(here: Scene) -> list[str]:
    """What goes over the wire from an order's payment to the end of its first round."""
    order = paid(here.now)
    timers, dispatch = here.dispatch.wiring.timers, here.dispatch
    with statements_of(dispatch.kit.engine) as seen:
        await dispatch.tell(order)
        assert await run_due(timers, dispatch.begin, dispatch.clock) == 1
    return seen


async def test_an_order_with_nobody_near_costs_few_statements(service: ServiceFixture) -> None:
    async with scene(service) as here:
        await here.paid()  # Connections learn their types at their first statements.

        seen = await heard_and_looked(here)

        assert await here.states("searches") == ["searching", "searching"]
        assert 0 < len(seen) <= NOBODY_NEAR_MAX, "\n".join(seen)
        here.dispatch.clock.advance_to(here.dispatch.clock.offset_seconds + 60)
        with statements_of(here.dispatch.kit.engine) as seen:
            timers = here.dispatch.wiring.timers
            searches = await run_due(timers, here.dispatch.begin, here.dispatch.clock)
        assert searches == 2
        assert 0 < len(seen) <= 2 * AGAIN_MAX, "\n".join(seen)


async def test_an_offer_and_its_acceptance_cost_few_statements(service: ServiceFixture) -> None:
    async with scene(service) as here:
        first, second = await here.worker(), await here.worker()
        await here.paid()

        seen = await heard_and_looked(here)

        assert await here.states("searches") == ["offered", "offered"]
        assert 0 < len(seen) <= OFFERED_MAX, "\n".join(seen)
        with statements_of(here.dispatch.kit.engine) as seen:
            [offer] = await here.offers(first)
            await asyncio.sleep(0)  # The driver says what it did a moment later.
        assert 0 < len(seen) <= LISTED_MAX, "\n".join(seen)
        [other] = await here.offers(second)
        await here.accept(first, offer["id"])
        with statements_of(here.dispatch.kit.engine) as seen:
            await here.accept(second, other["id"])
        assert await here.states() == ["accepted", "accepted"]
        assert 0 < len(seen) <= ACCEPTED_MAX, "\n".join(seen)
