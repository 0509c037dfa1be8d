"""Money that a channel says was paid goes into escrow, once, or back, once."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from services.payment.domain.payment import ChannelName
from services.payment.domain.ports import Receipt
from services.payment.use_cases.decide_unpaid import decide_unpaid
from services.payment.use_cases.hear_receipt import hear_receipt
from shared.contracts.ids import OrderId
from shared.contracts.payment import (
    LateCaptured,
    PaymentCaptured,
    PaymentUnpaid,
    Refunded,
)
from shared.contracts.shapes import Funder
from tests.services.payment.world import World, coupon, hkd


async def test_a_paid_order_is_in_escrow_and_its_net_pay_is_told(world: World) -> None:
    placed, _ = await world.captured(100_000, weights=(2, 1))

    [told] = await world.payment.told(PaymentCaptured)
    assert told.amount == hkd(100_000)
    assert told.commission == hkd(12_000)  # Towing: 12 %.
    assert [pay.net for pay in told.pay] == [hkd(58_667), hkd(29_333)]
    assert await world.balances(placed) == {
        "asset:channel:wechat:clearing": -100_000,
        "liab:escrow:order:*": 100_000,
    }


async def test_the_platform_pays_its_own_discounts_and_workers_theirs(world: World) -> None:
    by_worker = coupon(20_000, Funder.WORKER, "FRIEND")
    placed, _ = await world.captured(100_000, coupon(10_000), by_worker)

    [told] = await world.payment.told(PaymentCaptured)
    assert told.amount == hkd(70_000)
    assert told.commission == hkd(9_600)  # 12 % of 80,000.
    assert [pay.net for pay in told.pay] == [hkd(70_400)]
    assert await world.balances(placed) == {
        "asset:channel:wechat:clearing": -70_000,
        "exp:promotion:WELCOME": -10_000,
        "liab:escrow:order:*": 80_000,
    }


async def test_pipes_pay_the_brackets_of_repair(world: World) -> None:
    for category in ("pipes", "repair"):
        await world.captured(200_000, category=category)
    await world.captured(200_000, category="laundry")  # The general rule.
    told = await world.payment.told(PaymentCaptured)
    assert [each.commission for each in told] == [hkd(33_000), hkd(33_000), hkd(30_000)]


async def test_tolls_carry_no_commission(world: World) -> None:
    await world.captured(100_000, commissionable=80_000)
    [told] = await world.payment.told(PaymentCaptured)
    assert told.commission == hkd(9_600)
    assert told.pay[0].net == hkd(90_400)


async def test_money_after_the_deadline_is_refunded_once(world: World) -> None:
    placed = await world.place()
    view = await world.begin_paying(placed)
    paid = await world.pay_at_wechat(view["payment_id"])
    async with world.payment.begin() as tx:  # The deadline won while the notice was under way.
        sql = "UPDATE payables SET state = 'unpaid' WHERE order_id = $1"
        await tx.run(sql, placed.order_id)
    for _ in range(2):
        assert (await world.tell_paid(paid)).status_code == 204
    await world.pass_time(seconds=1)
    await world.pass_time(minutes=2)

    assert await world.payment.told(PaymentCaptured) == []
    [late] = await world.payment.told(LateCaptured)
    [refunded] = await world.payment.told(Refunded)
    assert late.refund_id == refunded.refund_id
    assert (refunded.amount, refunded.late, refunded.full) == (placed.payable, True, False)
    assert await world.balances(placed) == {}


@pytest.mark.race("payable_for_update")
async def test_the_deadline_and_the_notice_never_both_win(world: World) -> None:
    """The notice comes later after it has won and earlier after it has lost: both must win some."""
    channels = world.payment.wiring.ports["channels"]
    outcomes = {"captured": 0, "unpaid": 0}
    rounds, wait_seconds = 30, 0.02
    for _ in range(rounds):
        placed = await world.place()
        receipt = _receipt(world, await world.begin_paying(placed))
        start = asyncio.Barrier(2)

        async def notify(
            receipt: Receipt = receipt, wait: float = wait_seconds, start: asyncio.Barrier = start
        ) -> None:
            await start.wait()
            await asyncio.sleep(wait)
            async with world.payment.begin() as tx:
                await hear_receipt(tx, ChannelName.WECHAT, receipt)

        async def decide(id: OrderId = placed.order_id, start: asyncio.Barrier = start) -> None:
            await start.wait()
            await decide_unpaid(world.payment.begin, channels, id)

        await asyncio.gather(notify(), decide())
        money = await world.money(placed)
        outcomes[money["state"]] += 1
        assert len(money["refunds"]) == (1 if money["state"] == "unpaid" else 0)
        wait_seconds *= 1.5 if money["state"] == "captured" else 0.6

    told = await world.payment.told(PaymentCaptured, PaymentUnpaid)
    assert len(told) == len({event.order_id for event in told}) == rounds
    assert min(outcomes.values()) >= rounds / 10, outcomes


async def test_a_second_capture_of_an_order_goes_back(world: World) -> None:
    placed, view = await world.captured()
    async with world.payment.begin() as tx:  # Another attempt, paid before it was closed.
        sql = (
            "INSERT INTO payments SELECT order_id, user_id, channel, amount_minor,"
            " amount_currency, expires_at, created_at, prepay_id, opened_at, NULL, NULL,"
            " 'open', gen_random_uuid() FROM payments WHERE id = $1 RETURNING id"
        )
        [row] = await tx.run(sql, UUID(view["payment_id"]))
    receipt = _receipt(world, {**view, "payment_id": str(row["id"])})
    for _ in range(2):
        async with world.payment.begin() as tx:
            await hear_receipt(tx, ChannelName.WECHAT, receipt)

    [late] = await world.payment.told(LateCaptured)
    money = await world.money(placed)
    assert [refund["reason"] for refund in money["refunds"]] == ["second"]
    assert money["refunds"][0]["id"] == str(late.refund_id)
    assert len(await world.payment.told(PaymentCaptured)) == 1


@pytest.mark.race("incoming_for_update")
async def test_two_captures_of_one_attempt_at_once_are_one(world: World) -> None:
    placed = await world.place()
    receipt = _receipt(world, await world.begin_paying(placed))

    async def capture() -> None:
        async with world.payment.begin() as tx:
            await hear_receipt(tx, ChannelName.WECHAT, receipt)

    await asyncio.gather(*(capture() for _ in range(8)))
    assert len(await world.payment.told(PaymentCaptured)) == 1
    assert (await world.balances(placed))["liab:escrow:order:*"] == placed.payable.minor


def _receipt(world: World, view: dict[str, str]) -> Receipt:
    number = UUID(view["payment_id"]).hex
    paid_at = world.payment.clock.now() - timedelta(seconds=1)
    return Receipt(number, f"4200{number[:20]}", hkd(100_000), view["order_id"], paid_at)
