"""Staff refund what is left of a captured order, never more."""

import asyncio

import pytest

from services.payment.domain.refund import RefundTooLarge
from services.payment.use_cases.request_refund import request_refund
from shared.contracts.payment import Refunded, Settled
from shared.kit.caller import Caller, Role
from shared.kit.ids import new_id
from shared.kit.states import MoveForbidden, MoveRefused
from tests.services.payment.world import World, coupon

STAFF = Caller(new_id(), Role.STAFF)


@pytest.mark.race("payable_for_update")
async def test_rivals_never_refund_more_than_was_paid(world: World) -> None:
    placed, _ = await world.captured()

    async def refund() -> bool:
        try:
            async with world.payment.begin() as tx:
                await request_refund(tx, STAFF, placed.order_id, 30_000, "late")
        except RefundTooLarge:
            return False
        return True

    done = await asyncio.gather(*(refund() for _ in range(8)))
    assert sum(done) == 3
    money = await world.money(placed)
    assert (money["refunded"]["minor"], money["escrow"]["minor"]) == (90_000, 10_000)


async def test_the_last_part_makes_it_full(world: World) -> None:
    placed, _ = await world.captured()
    for amount in (40_000, None):
        async with world.payment.begin() as tx:
            await request_refund(tx, STAFF, placed.order_id, amount, "late")
        await world.payment.run_due()
        await world.pass_time(minutes=2)
    told = [(event.amount.minor, event.full) for event in await world.payment.told(Refunded)]
    assert told == [(40_000, False), (60_000, True)]


async def test_with_the_last_of_the_user_s_money_the_discount_goes_back_too(world: World) -> None:
    placed, _ = await world.captured(100_000, coupon(10_000))
    for amount in (30_000, None):
        async with world.payment.begin() as tx:
            await request_refund(tx, STAFF, placed.order_id, amount, "work could not be done")
    assert await world.balances(placed) == {
        "asset:channel:wechat:clearing": -90_000,
        "liab:refund_payable:order:*": 90_000,
    }
    await world.payment.run_due()
    await world.pass_time(minutes=2)
    assert [event.full for event in await world.payment.told(Refunded)] == [False, True]

    # The user, or their silence, accepts the work all the same: nothing is left to divide.
    await world.accept(placed, world.crew(placed, True))
    await world.payment.run_due()
    [told] = await world.payment.told(Settled)
    assert ([share.net.minor for share in told.shares], told.commission.minor) == ([0], 0)
    money = await world.money(placed)
    assert (money["state"], money["escrow"]["minor"]) == ("settled", 0)
    assert await world.balances(placed) == {}
    book = await world.book(placed)
    assert [line["amount_minor"] for line in book["lines"]] == [90_000, -30_000, -60_000]
    assert book["sub_accounts"][0]["balance_minor"] == 0
    assert len(await world.payment.told(Refunded)) == 2


async def test_after_a_part_worker_and_commission_share_the_rest_with_the_discount(
    world: World,
) -> None:
    placed, _ = await world.captured(100_000, coupon(10_000))
    async with world.payment.begin() as tx:
        await request_refund(tx, STAFF, placed.order_id, 50_000, "late")
    await world.payment.run_due()
    await world.accept(placed, world.crew(placed, True))
    await world.payment.run_due()
    await world.pass_time(minutes=2)

    [told] = await world.payment.told(Settled)
    assert ([share.net.minor for share in told.shares], told.commission.minor) == ([44_000], 6_000)
    assert [event.full for event in await world.payment.told(Refunded)] == [False]
    assert (await world.balances(placed))["exp:promotion:WELCOME"] == -10_000


async def test_an_order_cancelled_after_all_went_back_gives_nothing_back_again(
    world: World,
) -> None:
    placed, _ = await world.captured(100_000, coupon(10_000))
    async with world.payment.begin() as tx:
        await request_refund(tx, STAFF, placed.order_id, None, "work could not be done")
    await world.cancel(placed, fee_minor=5_000)
    await world.payment.run_due()
    await world.pass_time(minutes=2)
    assert [event.full for event in await world.payment.told(Refunded)] == [True]
    assert await world.balances(placed) == {}
    assert (await world.money(placed))["state"] == "cancelled"


async def test_it_is_not_full_while_the_discount_paid_for_work(world: World) -> None:
    placed, _ = await world.captured(100_000, coupon(99_999), weights=(3, 2))
    await world.accept(placed, world.crew(placed, False, True))
    await world.payment.run_due()
    await world.pass_time(minutes=2)
    [told] = await world.payment.told(Refunded)
    assert (told.amount.minor, told.full) == (1, False)  # All the user paid, by rounding.


async def test_only_staff_refund_and_only_what_is_captured(world: World) -> None:
    placed = await world.place()
    with pytest.raises(MoveRefused):
        async with world.payment.begin() as tx:
            await request_refund(tx, STAFF, placed.order_id, None, "late")
    with pytest.raises(MoveForbidden):
        async with world.payment.begin() as tx:
            user = Caller(placed.user_id, Role.USER)
            await request_refund(tx, user, placed.order_id, None, "late")
