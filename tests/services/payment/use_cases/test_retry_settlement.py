"""Only a refused settlement is tried again."""

import pytest

from services.payment.domain.settlement import SettlementNotFound
from services.payment.use_cases.retry_settlement import retry_settlement
from shared.kit.caller import Caller, Role
from shared.kit.ids import new_id
from shared.kit.states import MoveRefused
from tests.services.payment.world import World

STAFF = Caller(new_id(), Role.STAFF)


async def test_what_is_settled_or_never_was_is_refused(world: World) -> None:
    placed, _ = await world.captured()
    with pytest.raises(SettlementNotFound):
        async with world.payment.begin() as tx:
            await retry_settlement(tx, STAFF, placed.order_id, "again")
    await world.accept(placed, world.crew(placed, True))
    await world.payment.run_due()
    with pytest.raises(MoveRefused):
        async with world.payment.begin() as tx:
            await retry_settlement(tx, STAFF, placed.order_id, "again")
