"""No worker in time."""

from uuid import UUID

from services.order.use_cases.escalate_search import escalate_search
from shared.contracts.ids import OrderId
from tests.services.order.given import Shop


async def test_an_order_is_flagged_once_and_only_while_it_waits(shop: Shop) -> None:
    unpaid, waiting = await shop.placed(), await shop.paid()
    for order in (unpaid, waiting, waiting):
        async with shop.running.begin() as tx:
            await escalate_search(tx, OrderId(UUID(order["id"])))
    assert (await shop.detail(unpaid))["escalated_at"] is None
    assert (await shop.detail(waiting))["escalated_at"]
    async with shop.running.begin() as tx:
        rows = await tx.run("SELECT order_id FROM order_history WHERE what = 'escalated'")
        due = await tx.run("SELECT ref FROM timers WHERE kind = 'escalated'")
    assert [str(row[0]) for row in rows] == [str(row[0]) for row in due] == [waiting["id"]]
