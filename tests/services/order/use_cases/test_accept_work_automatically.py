"""Silence accepts when its time is over, unless a case is open."""

from uuid import UUID

import pytest

from services.order.storage.orders import order_for_update
from services.order.use_cases.accept_work_automatically import accept_work_automatically
from shared.contracts.ids import OrderId
from shared.contracts.order import OrderAccepted
from shared.kit.caller import SYSTEM
from tests.conftest import ServiceFixture
from tests.services.order.works import Works
from tests.services.order.works import works as open_works
from tests.support.sandbox import Sandbox


@pytest.fixture
async def works(service: ServiceFixture, sandbox: Sandbox) -> Works:
    return await open_works(service, sandbox)


async def test_silence_accepts_after_48_hours_and_not_before(works: Works) -> None:
    order = await works.completed()
    await works.running.pass_time(hours=47, minutes=59)
    assert await works.state(order) == "pending_acceptance"
    await works.running.pass_time(minutes=1)

    [told] = await works.running.told(OrderAccepted)
    row, _, _ = await works.rows(order)
    assert (told.automatic, told.state) == (True, "pending_review")
    assert row.accepted_at is not None


async def test_while_a_case_is_open_nothing_is_accepted(works: Works) -> None:
    order = await works.completed()

    async def have_case(is_open: bool) -> None:
        async with works.running.begin() as tx:
            row = await order_for_update(tx, SYSTEM, UUID(order["id"]))
            row.case_open = is_open

    await have_case(True)
    await works.running.pass_time(hours=60)
    assert await works.state(order) == "pending_acceptance"
    await have_case(False)
    await works.running.pass_time(hours=1)
    assert await works.state(order) == "pending_review"


async def test_what_is_no_longer_waiting_stays_as_it_is(works: Works) -> None:
    order = await works.accepted()
    async with works.running.begin() as tx:
        await accept_work_automatically(tx, OrderId(UUID(order["id"])))

    assert len(await works.running.told(OrderAccepted)) == 1
