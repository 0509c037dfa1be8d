"""Open attempts are closed at the channel, or their money is taken in."""

import asyncio
from uuid import UUID

import pytest

from services.payment.domain.ports import ChannelUnavailable
from services.payment.use_cases.close_payments import close_payments
from services.payment.use_cases.decide_unpaid import decide_unpaid
from shared.contracts.payment import LateCaptured, PaymentCaptured, PaymentUnpaid
from tests.services.payment.world import World

OPEN = "POST /v3/global/transactions/jsapi"
QUERY = "GET /v3/global/transactions"


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


async def test_one_that_opens_while_the_channel_is_asked_is_asked_about_again(
    world: World,
) -> None:
    placed = await world.place()
    channels = world.payment.wiring.ports["channels"]
    await world.faults(  # The order is on its way while the channel has not heard of it.
        {"route": OPEN, "kind": "delay", "seconds": 2, "times": 1},
        {"route": QUERY, "kind": "delay_after", "seconds": 3, "times": 1},
    )
    paying = asyncio.create_task(world.begin_paying(placed))
    await preparing(world)
    with pytest.raises(ChannelUnavailable):
        await decide_unpaid(world.payment.begin, channels, placed.order_id)
    view = await paying
    assert await world.payment.told(PaymentUnpaid) == []
    assert (await world.money(placed))["attempts"][0]["state"] == "open"

    await decide_unpaid(world.payment.begin, channels, placed.order_id)
    assert len(await world.payment.told(PaymentUnpaid)) == 1
    body = {"out_trade_no": UUID(view["payment_id"]).hex}
    refused = await world.sandbox.post("/__sandbox/wechat/pay", json=body)
    assert refused.json()["code"] == "ORDER_CLOSED"
    assert await world.payment.told(PaymentCaptured, LateCaptured) == []


async def preparing(world: World) -> None:
    """Wait until an attempt is written down."""
    for _ in range(500):
        async with world.payment.begin() as tx:
            if await tx.run("SELECT FROM payments"):
                return
        await asyncio.sleep(0.01)
    raise AssertionError("no attempt")
