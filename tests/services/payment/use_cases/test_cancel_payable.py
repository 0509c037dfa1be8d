"""A cancelled order gives back what it took, once."""

import pytest

from shared.contracts.payment import LateCaptured, PaymentCaptured, PaymentUnpaid, Refunded
from tests.services.payment.world import World, coupon, hkd


async def test_a_free_cancellation_gives_everything_back(world: World) -> None:
    placed, _ = await world.captured(100_000, coupon(10_000))
    await world.cancel(placed)
    await world.payment.run_due()
    await world.pass_time(minutes=2)

    [told] = await world.payment.told(Refunded)
    assert (told.amount, told.full, told.late) == (hkd(90_000), True, False)
    assert await world.balances(placed) == {}
    book = await world.book(placed)
    assert [account["balance_minor"] for account in book["sub_accounts"]] == [0]


@pytest.mark.parametrize(("fee", "back"), [(30_000, 70_000), (100_000, 0), (500_000, 0)])
async def test_the_fee_stays(world: World, fee: int, back: int) -> None:
    placed, _ = await world.captured()
    await world.cancel(placed, fee)
    await world.payment.run_due()
    await world.pass_time(minutes=2)

    told = [(event.amount.minor, event.full) for event in await world.payment.told(Refunded)]
    assert told == ([(back, False)] if back else [])
    balances = await world.balances(placed)
    assert balances["rev:cancellation_fee"] == 100_000 - back
    assert "liab:escrow:order:*" not in balances


async def test_a_refund_of_nothing_is_told_so_that_benefits_return(world: World) -> None:
    placed = await world.place(5_000, coupon(5_000))
    await world.cancel(placed)
    [told] = await world.payment.told(Refunded)
    assert (told.amount, told.full) == (hkd(0), True)
    assert await world.balances(placed) == {}


async def test_an_open_attempt_is_closed_and_no_unpaid_is_told(world: World) -> None:
    placed = await world.place()
    await world.begin_paying(placed)
    await world.cancel(placed)
    await world.payment.run_due()
    await world.pass_time(minutes=20)
    assert (await world.money(placed))["attempts"][0]["state"] == "closed"
    assert await world.payment.told(PaymentUnpaid, Refunded) == []


async def test_money_that_comes_after_the_cancellation_goes_back_once(world: World) -> None:
    placed = await world.place()
    view = await world.begin_paying(placed)
    paid = await world.pay_at_wechat(view["payment_id"])
    await world.cancel(placed)
    await world.payment.run_due()
    assert (await world.tell_paid(paid)).status_code == 204
    await world.payment.run_due()
    await world.pass_time(minutes=2)

    assert len(await world.payment.told(LateCaptured)) == 1
    [told] = await world.payment.told(Refunded)
    assert (told.amount, told.late) == (placed.payable, True)
    assert await world.payment.told(PaymentCaptured) == []
    assert await world.balances(placed) == {}
