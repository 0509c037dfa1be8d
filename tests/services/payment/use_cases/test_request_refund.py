"""Staff refund what is left of a captured order, never more."""

import asyncio

import pytest

from services.payment.domain.refund import RefundTooLarge
from services.payment.use_cases.request_refund import request_refund
from shared.contracts.payment import Refunded
from shared.kit.caller import Caller, Role
from shared.kit.ids import new_id
from shared.kit.states import MoveForbidden, MoveRefused
from tests.services.payment.world import World

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


async def test_only_staff_refund_and_only_what_is_captured(world: World) -> None:
    placed = await world.place()
    with pytest.raises(MoveRefused):
        async with world.payment.begin() as tx:
            await request_refund(tx, STAFF, placed.order_id, None, "late")
    with pytest.raises(MoveForbidden):
        async with world.payment.begin() as tx:
            user = Caller(placed.user_id, Role.USER)
            await request_refund(tx, user, placed.order_id, None, "late")
