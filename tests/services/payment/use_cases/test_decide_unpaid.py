"""At the deadline an order is captured or unpaid, never both, and never before the channel says."""

from shared.contracts.payment import PaymentCaptured, PaymentUnpaid
from tests.services.payment.world import World

QUERY = "GET /v3/global/transactions"


async def test_an_order_that_nobody_tried_to_pay_is_unpaid_at_once(world: World) -> None:
    placed = await world.place()
    await world.pass_time(minutes=14)
    assert await world.payment.told(PaymentUnpaid) == []
    await world.pass_time(minutes=2)
    [told] = await world.payment.told(PaymentUnpaid)
    assert (told.order_id, told.user_id) == (placed.order_id, placed.user_id)


async def test_an_open_attempt_is_closed_before_unpaid_is_told(world: World) -> None:
    placed = await world.place()
    await world.begin_paying(placed)
    await world.pass_time(minutes=16)
    assert len(await world.payment.told(PaymentUnpaid)) == 1
    assert (await world.money(placed))["attempts"][0]["state"] == "closed"


async def test_a_lost_notice_is_found_at_the_deadline(world: World) -> None:
    placed = await world.place()
    view = await world.begin_paying(placed)
    await world.pass_time(minutes=11)  # The polling plan is over.
    await world.pay_at_wechat(view["payment_id"])
    await world.pass_time(minutes=5)
    assert len(await world.payment.told(PaymentCaptured)) == 1
    assert await world.payment.told(PaymentUnpaid) == []


async def test_nothing_is_decided_while_the_channel_is_silent(world: World) -> None:
    placed = await world.place()
    await world.begin_paying(placed)
    await world.fault(QUERY, "drop_before")
    await world.pass_time(minutes=16)
    assert (await world.money(placed))["state"] == "open"
    assert await world.payment.told(PaymentUnpaid, PaymentCaptured) == []
