"""What is read of an order with its lock, and what may be changed of it without a move."""

import asyncio
from uuid import UUID

import pytest

from services.order.storage.assignments import Hold, fill_position, order_to_fill_for_update
from services.order.storage.history import note_on_order
from services.order.storage.locking import (
    CrewNow,
    change_order,
    change_seat,
    change_visit,
    order_with_crew_for_update,
)
from shared.contracts.ids import OfferId, OrderId
from shared.kit.caller import SYSTEM
from shared.kit.ids import new_id
from tests.services.order.given import Shop, waiters


async def test_a_state_is_not_set_by_the_way(shop: Shop) -> None:
    order = await shop.placed()
    refused = pytest.raises(ValueError, match="by its moves alone")
    async with shop.running.begin() as tx:
        locked, crew = await order_with_crew_for_update(tx, SYSTEM, UUID(order["id"]))
        with refused:
            await change_order(tx, locked, {"paid_at": tx.now, "state": "completed"})
        with refused:
            await note_on_order(tx, locked, "noted", SYSTEM, also={"state": "completed"})
        with refused:
            change_visit(tx, locked, crew.visit, state="completed")
        with refused:
            change_seat(tx, locked, crew.seats[0], state="completed")

    assert await shop.state(order) == "pending_payment"


@pytest.mark.race("order_with_crew_for_update")
async def test_who_waited_for_the_lock_sees_the_crew_that_was_left(shop: Shop) -> None:
    """The crew is looked at before the wait and again after it, for it has changed meanwhile."""
    order_id, offer_id = OrderId(UUID((await shop.paid(shop.cleaning))["id"])), OfferId(new_id())
    worker = new_id()
    async with shop.running.begin() as first:
        locked, crew, _ = await order_to_fill_for_update(first, order_id, offer_id)
        fill_position(first, locked, crew.seats[0], offer_id, worker, None)
        await note_on_order(first, locked, "position_filled", SYSTEM)
        await first.flush()
        waiting = asyncio.gather(_crew(shop, order_id), _hold(shop, order_id, offer_id))
        await waiters(shop, 2)
    after, hold = await waiting

    assert [seat.worker_id for seat in after.seats] == [worker, None]
    assert hold is Hold.HELD


async def _crew(shop: Shop, order_id: UUID) -> CrewNow:
    async with shop.running.begin() as tx:
        return (await order_with_crew_for_update(tx, SYSTEM, order_id))[1]


async def _hold(shop: Shop, order_id: OrderId, offer_id: OfferId) -> Hold:
    async with shop.running.begin() as tx:
        return (await order_to_fill_for_update(tx, order_id, offer_id))[2]
