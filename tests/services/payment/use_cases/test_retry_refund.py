"""Staff send a stuck refund again, under its old number."""

import asyncio
from uuid import UUID

from services.payment.use_cases.retry_refund import retry_refund
from shared.contracts.ids import RefundId
from shared.contracts.payment import Refunded
from shared.kit.caller import Caller, Role
from shared.kit.ids import new_id
from shared.kit.states import MoveRefused
from tests.services.payment.world import World

STAFF = Caller(new_id(), Role.STAFF)


async def test_a_failed_refund_succeeds_when_tried_again(world: World) -> None:
    placed, _ = await world.captured()
    await world.cancel(placed)
    async with world.payment.begin() as tx:
        await tx.run("UPDATE refunds SET amount_minor = 200000")
    await world.payment.run_due()
    async with world.payment.begin() as tx:
        await tx.run("UPDATE refunds SET amount_minor = 100000")
    id = RefundId(UUID((await world.money(placed))["refunds"][0]["id"]))

    async def retry() -> bool:
        try:
            async with world.payment.begin() as tx:
                await retry_refund(tx, STAFF, id, "amount mended")
        except MoveRefused:
            return False
        return True

    assert sum(await asyncio.gather(*(retry() for _ in range(5)))) == 1
    await world.payment.run_due()
    await world.pass_time(minutes=2)
    assert len(await world.payment.told(Refunded)) == 1
