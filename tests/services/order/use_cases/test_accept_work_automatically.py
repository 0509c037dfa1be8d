"""Silence accepts when its time is over, unless a case is open."""

from uuid import UUID

from services.order.storage.orders import order_of
from services.order.use_cases.accept_work_automatically import accept_work_automatically
from shared.contracts.ids import OrderId
from shared.contracts.order import OrderAccepted
from shared.kit.caller import SYSTEM
from tests.services.order.works import Works


async def test_silence_accepts_after_48_hours_and_not_before(own_works: Works) -> None:
    order = await own_works.completed()
    await own_works.running.pass_time(hours=47, minutes=59)
    assert await own_works.state(order) == "pending_acceptance"
    await own_works.running.pass_time(minutes=1)

    [told] = await own_works.told(order, OrderAccepted)
    row, _, _ = await own_works.rows(order)
    assert (told.automatic, told.state) == (True, "pending_review")
    assert row.accepted_at is not None


async def test_while_a_case_is_open_nothing_is_accepted(own_works: Works) -> None:
    order = await own_works.completed()

    async def have_case(is_open: bool) -> None:
        async with own_works.running.begin() as tx:
            row = await order_of(tx, SYSTEM, UUID(order["id"]))
            row.case_open = is_open

    await have_case(True)
    await own_works.running.pass_time(hours=60)
    assert await own_works.state(order) == "pending_acceptance"
    await have_case(False)
    await own_works.running.pass_time(hours=1)
    assert await own_works.state(order) == "pending_review"


async def test_what_is_no_longer_waiting_stays_as_it_is(works: Works) -> None:
    order = await works.accepted()
    async with works.running.begin() as tx:
        await accept_work_automatically(tx, OrderId(UUID(order["id"])))

    assert len(await works.told(order, OrderAccepted)) == 1
