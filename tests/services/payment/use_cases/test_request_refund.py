"""Staff refund what is left of a captured order, never more."""

import asyncio

import pytest

from services.payment.domain.refund import RefundTooLarge
from services.payment.use_cases.request_refund import request_refund
from shared.contracts.order import OrderPlaced
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


async def test_the_wallet_shows_what_comes_out_of_what_is_left(world: World) -> None:
    placed, _ = await world.captured(100_000)
    [member] = crew = world.crew(placed, True)
    await world.assign(placed, crew)
    assert await world.coming(member.worker_id) == [88_000]
    await refund(world, placed, 50_000)
    assert await world.coming(member.worker_id) == [44_000]
    await refund(world, placed, None)
    assert await world.coming(member.worker_id) == []
    await world.assign(placed, crew)  # Somebody holds the position anew: nothing comes of it.
    assert await world.coming(member.worker_id) == []
    await world.cancel(placed)
    assert await world.coming(member.worker_id) == []


async def test_who_takes_the_position_after_a_refund_is_shown_what_they_will_get(
    world: World,
) -> None:
    placed, _ = await world.captured(99_999, coupon(9_999), weights=(3, 2, 2))
    await refund(world, placed, 33_333)
    await refund(world, placed, 7)
    crew = world.crew(placed, True, True, True)
    await world.assign(placed, crew)
    coming = [await world.coming(member.worker_id) for member in crew]

    await world.accept(placed, crew)
    await world.payment.run_due()
    [told] = await world.payment.told(Settled)
    assert [[share.net.minor] for share in told.shares] == coming
    assert sum(share.net.minor for share in told.shares) + told.commission.minor == 66_659


async def test_after_a_part_and_with_one_who_did_not_come_the_other_gets_what_was_shown(
    world: World,
) -> None:
    placed, _ = await world.captured(100_001, weights=(1, 1))
    crew = world.crew(placed, True, False)
    await world.assign(placed, crew)
    await refund(world, placed, 33_334)
    [came] = await world.coming(crew[0].worker_id)

    await world.accept(placed, crew)
    await world.payment.run_due()
    await world.pass_time(minutes=2)
    [told] = await world.payment.told(Settled)
    assert [share.net.minor for share in told.shares] == [came, 0]
    back = sum(event.amount.minor for event in await world.payment.told(Refunded))
    assert came + told.commission.minor + back == 100_001


@pytest.mark.race("payable_for_update")
async def test_a_refund_and_an_assignment_at_once_keep_both(world: World) -> None:
    placed, _ = await world.captured(100_000)
    [member] = crew = world.crew(placed, True)
    await asyncio.gather(refund(world, placed, 50_000), world.assign(placed, crew))
    assert await world.coming(member.worker_id) == [44_000]


async def test_a_cancellation_after_a_part_leaves_nothing_coming(world: World) -> None:
    placed, _ = await world.captured(100_000)
    [member] = crew = world.crew(placed, True)
    await world.assign(placed, crew)
    await refund(world, placed, 50_000)
    await world.cancel(placed, fee_minor=10_000)
    assert await world.coming(member.worker_id) == []


async def refund(world: World, placed: OrderPlaced, amount_minor: int | None) -> None:
    """Staff give a part back, or all that is left."""
    async with world.payment.begin() as tx:
        await request_refund(tx, STAFF, placed.order_id, amount_minor, "half done")


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
