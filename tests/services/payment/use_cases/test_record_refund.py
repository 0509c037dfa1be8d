"""How a refund ended is recorded once."""

import asyncio
from uuid import UUID

import pytest

from services.payment.domain.ports import RefundAnswer, RefundStanding
from services.payment.use_cases.record_refund import record_refund
from shared.contracts.ids import RefundId
from shared.contracts.payment import Refunded, RefundFailed
from tests.services.payment.world import World


async def test_an_abnormal_refund_is_told_and_may_still_turn_out_well(world: World) -> None:
    placed, _ = await world.captured()
    await world.fault("POST /v3/global/refunds", "refund_abnormal", times=1)
    await world.cancel(placed)
    await world.payment.run_due()
    await world.pass_time(minutes=2)

    [failed] = await world.payment.told(RefundFailed)
    assert failed.reason == "abnormal"
    assert (await world.balances(placed))["liab:refund_payable:order:*"] == 100_000

    answer = RefundAnswer(failed.refund_id.hex, RefundStanding.SUCCEEDED, "503")
    async with world.payment.begin() as tx:
        await record_refund(tx, failed.refund_id, answer, "")
    assert len(await world.payment.told(Refunded)) == 1
    assert await world.balances(placed) == {}


@pytest.mark.race("payable_for_update")
async def test_hearing_of_an_end_at_once_from_many_sides_posts_once(world: World) -> None:
    placed, _ = await world.captured()
    await world.cancel(placed)
    id = RefundId(UUID((await world.money(placed))["refunds"][0]["id"]))
    answer = RefundAnswer(id.hex, RefundStanding.SUCCEEDED, "503")

    async def hear() -> None:
        async with world.payment.begin() as tx:
            await record_refund(tx, id, answer, "")

    await asyncio.gather(*(hear() for _ in range(8)))
    assert len(await world.payment.told(Refunded)) == 1
    assert await world.balances(placed) == {}
