"""A settlement empties the escrow into wallets, commission and what goes back."""

import asyncio
from uuid import UUID

import pytest

from services.payment.use_cases.post_settlement import post_settlement
from shared.contracts.payment import Refunded, Settled
from tests.services.payment.world import World, coupon, hkd


async def test_an_unworked_position_goes_back_to_the_user(world: World) -> None:
    placed, _ = await world.captured(100_000, coupon(10_000), weights=(1, 1))
    crew = world.crew(placed, True, False)
    await world.accept(placed, crew)
    await world.payment.run_due()
    await world.pass_time(minutes=2)

    [settled] = await world.payment.told(Settled)
    assert settled.commission == hkd(6_000)
    assert [(share.net.minor, share.worked) for share in settled.shares] == [
        (44_000, True),
        (0, False),
    ]
    [refunded] = await world.payment.told(Refunded)
    assert (refunded.amount, refunded.full) == (hkd(45_000), False)
    assert await world.balances(placed) == {
        "asset:channel:wechat:clearing": -45_000,
        "exp:promotion:WELCOME": -5_000,
        f"liab:worker:{crew[0].worker_id}:available": 44_000,
        "rev:commission:towing": 6_000,
    }


@pytest.mark.race("divided_for_update")
async def test_posting_at_once_from_many_sides_credits_once(world: World) -> None:
    placed, _ = await world.captured()
    crew = world.crew(placed, True)
    await world.accept(placed, crew)
    id = UUID((await world.money(placed))["settlement"]["id"])

    async def settle() -> None:
        async with world.payment.begin() as tx:
            await post_settlement(tx, id, tx.now)

    await asyncio.gather(*(settle() for _ in range(8)))
    assert len(await world.payment.told(Settled)) == 1
    balances = await world.balances(placed)
    assert balances[f"liab:worker:{crew[0].worker_id}:available"] == 88_000
