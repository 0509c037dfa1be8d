"""Open attempts are closed at the channel, or their money is taken in."""

from services.payment.use_cases.close_payments import close_payments
from shared.contracts.payment import PaymentCaptured
from tests.services.payment.world import World


async def test_an_unpaid_attempt_is_closed_there_and_here(world: World) -> None:
    placed = await world.place()
    view = await world.begin_paying(placed)
    channels = world.payment.wiring.ports["channels"]
    for _ in range(2):
        await close_payments(world.payment.begin, channels, placed.order_id)

    assert (await world.money(placed))["attempts"][0]["state"] == "closed"
    body = {"out_trade_no": view["payment_id"].replace("-", "")}
    refused = await world.sandbox.post("/__sandbox/wechat/pay", json=body)
    assert refused.json()["code"] == "ORDER_CLOSED"


async def test_an_attempt_that_was_paid_after_all_is_captured(world: World) -> None:
    placed = await world.place()
    view = await world.begin_paying(placed)
    await world.pay_at_wechat(view["payment_id"])
    channels = world.payment.wiring.ports["channels"]
    await close_payments(world.payment.begin, channels, placed.order_id)
    assert len(await world.payment.told(PaymentCaptured)) == 1
