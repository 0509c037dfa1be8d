"""The sum is in escrow."""

from functools import partial

import pytest

from services.order.domain.refusals import CapturedSumDiffers
from services.order.use_cases.capture_payment import capture_payment
from shared.contracts.order import OrderCancelled, OrderPaid
from tests.services.order.given import Shop, race


async def test_another_sum_than_the_payable_changes_nothing(shop: Shop) -> None:
    order = await shop.placed()
    event = shop.captured(order, minor=79_999)
    with pytest.raises(CapturedSumDiffers):
        async with shop.running.begin() as tx:
            await capture_payment(tx, event.order_id, event.amount, event.commission, 1, event.pay)
    assert await shop.state(order) == "pending_payment"


async def test_captured_and_unpaid_at_once_leave_one_of_the_two(shop: Shop) -> None:
    for _ in range(8):
        order = await shop.placed()
        captured, unpaid = shop.captured(order), shop.unpaid(order)
        first, second = shop.running.envelope(captured), shop.running.envelope(unpaid)
        await race(
            "payable_order_for_update",
            partial(shop.running.tell, captured, first),
            partial(shop.running.tell, unpaid, second),
        )
        assert await shop.state(order) in {"pending_dispatch", "cancelled"}
    ended = await shop.running.told(OrderPaid, OrderCancelled)
    assert len(ended) == len({event.order_id for event in ended}) == 8
