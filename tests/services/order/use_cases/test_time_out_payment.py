"""Not paid in time."""

from uuid import UUID

from services.order.use_cases.time_out_payment import time_out_payment
from shared.contracts.ids import OrderId
from shared.contracts.order import CancelReason, OrderCancelled
from tests.services.order.given import Shop


async def test_only_an_order_that_waits_for_payment_times_out(shop: Shop) -> None:
    unpaid, paid = await shop.placed(), await shop.paid()
    for order in (unpaid, unpaid, paid):
        async with shop.running.begin() as tx:
            await time_out_payment(tx, OrderId(UUID(order["id"])))
    [told] = await shop.running.told(OrderCancelled)
    assert str(told.order_id) == unpaid["id"]
    assert (told.reason, told.was_paid) == (CancelReason.PAY_TIMEOUT, False)
    assert await shop.state(paid) == "pending_dispatch"
