"""What may be changed of a locked order without a move."""

from uuid import UUID

import pytest

from services.order.storage.history import note_on_order
from services.order.storage.locking import (
    change_order,
    change_seat,
    change_visit,
    crew_now,
    order_for_update,
)
from shared.kit.caller import SYSTEM
from tests.services.order.given import Shop


async def test_a_state_is_not_set_by_the_way(shop: Shop) -> None:
    order = await shop.placed()
    refused = pytest.raises(ValueError, match="by its moves alone")
    async with shop.running.begin() as tx:
        locked = await order_for_update(tx, SYSTEM, UUID(order["id"]))
        crew = await crew_now(tx, locked)
        with refused:
            await change_order(tx, locked, {"paid_at": tx.now, "state": "completed"})
        with refused:
            await note_on_order(tx, locked, "noted", SYSTEM, also={"state": "completed"})
        with refused:
            change_visit(tx, locked, crew.visit, state="completed")
        with refused:
            change_seat(tx, locked, crew.seats[0], state="completed")

    assert await shop.state(order) == "pending_payment"
