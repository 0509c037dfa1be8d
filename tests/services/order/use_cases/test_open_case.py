"""After-sales cases cannot be opened yet."""

from uuid import UUID

import pytest

from services.order.domain.refusals import MoveNotBuilt, OrderNotFound
from services.order.use_cases.open_case import open_case
from shared.contracts.ids import OrderId
from shared.kit.caller import Caller, Role
from shared.kit.ids import new_id
from shared.kit.states import MoveRefused
from tests.services.order.given import Shop


async def test_a_case_is_refused_by_owner_by_state_and_as_not_built(shop: Shop) -> None:
    waiting, assigned = await shop.placed(), await shop.assigned()
    user = Caller(shop.user, Role.USER)
    async with shop.running.begin() as tx:
        with pytest.raises(OrderNotFound):
            await open_case(tx, Caller(new_id(), Role.USER), OrderId(UUID(waiting["id"])))
        with pytest.raises(MoveRefused):
            await open_case(tx, user, OrderId(UUID(waiting["id"])))
        with pytest.raises(MoveNotBuilt):
            await open_case(tx, user, OrderId(UUID(assigned["id"])))
