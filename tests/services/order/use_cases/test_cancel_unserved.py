"""Giving up on an order for which nobody was found."""

from uuid import UUID

from services.order.use_cases.cancel_unserved import cancel_unserved
from services.order.use_cases.escalate_search import escalate_search
from shared.contracts.ids import OrderId
from shared.contracts.order import CancelReason, OrderCancelled
from tests.services.order.given import Shop


async def test_only_an_escalated_order_that_still_waits_is_given_up(shop: Shop) -> None:
    waiting, escalated = await shop.paid(), await shop.paid()
    async with shop.running.begin() as tx:
        await cancel_unserved(tx, OrderId(UUID(waiting["id"])))
        await escalate_search(tx, OrderId(UUID(escalated["id"])))
        await cancel_unserved(tx, OrderId(UUID(escalated["id"])))
        await cancel_unserved(tx, OrderId(UUID(escalated["id"])))
    [told] = await shop.running.told(OrderCancelled)
    assert str(told.order_id) == escalated["id"]
    assert told.reason is CancelReason.NO_WORKER
    assert await shop.state(waiting) == "pending_dispatch"
