"""A placed order is kept once; what is free is captured at once."""

import asyncio

from services.payment.use_cases.keep_payable import keep_payable
from shared.contracts.payment import PaymentCaptured, PaymentUnpaid
from tests.services.payment.world import World, coupon, hkd


async def test_an_order_told_twice_is_kept_once(world: World) -> None:
    placed = world.order()
    await world.payment.tell_twice(placed)
    assert (await world.money(placed))["state"] == "open"


async def test_ten_copies_at_once_are_one(world: World) -> None:
    placed = world.order(5_000, coupon(5_000))

    async def keep() -> None:
        async with world.payment.begin() as tx:
            await keep_payable(tx, placed)

    await asyncio.gather(*(keep() for _ in range(10)))
    assert len(await world.payment.told(PaymentCaptured)) == 1


async def test_what_benefits_cover_is_captured_without_a_channel(world: World) -> None:
    placed = await world.place(50_000, coupon(50_000))

    [told] = await world.payment.told(PaymentCaptured)
    assert (told.amount, told.channel) == (hkd(0), "none")
    assert told.pay[0].net == hkd(44_000)  # The platform pays the worker.
    assert await world.balances(placed) == {
        "exp:promotion:WELCOME": -50_000,
        "liab:escrow:order:*": 50_000,
    }
    await world.pass_time(minutes=20)
    assert await world.payment.told(PaymentUnpaid) == []
