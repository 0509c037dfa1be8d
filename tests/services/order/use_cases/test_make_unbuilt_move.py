"""Moves that are declared and not built."""

from uuid import UUID

import pytest

from services.order.domain.order import OrderMove
from services.order.domain.refusals import MoveNotBuilt
from services.order.use_cases.make_unbuilt_move import make_unbuilt_move
from shared.contracts.ids import OrderId
from shared.kit.caller import Caller, Role
from shared.kit.ids import new_id
from shared.kit.states import MoveForbidden, MoveRefused
from tests.services.order.given import Shop


async def test_role_comes_before_state_and_state_before_not_built(shop: Shop) -> None:
    order = await shop.paid()
    order_id = OrderId(UUID(order["id"]))
    user, staff = Caller(shop.user, Role.USER), Caller(new_id(), Role.STAFF)
    async with shop.running.begin() as tx:
        with pytest.raises(MoveForbidden):
            await make_unbuilt_move(tx, user, order_id, OrderMove.REASSIGN)
        with pytest.raises(MoveRefused):
            await make_unbuilt_move(tx, staff, order_id, OrderMove.REASSIGN)
        with pytest.raises(MoveNotBuilt):
            await make_unbuilt_move(tx, staff, order_id, OrderMove.RESCHEDULE)
    assert await shop.state(order) == "pending_dispatch"
