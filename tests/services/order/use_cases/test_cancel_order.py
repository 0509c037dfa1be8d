"""Cancelling before the work."""

from uuid import UUID

import pytest

from services.order.domain.refusals import OrderNotFound
from services.order.use_cases.cancel_order import cancel_order
from shared.contracts.ids import OrderId
from shared.contracts.order import CancelReason, OrderCancelled
from shared.kit.caller import Caller, Role
from shared.kit.ids import new_id
from shared.kit.states import MoveForbidden
from tests.services.order.given import Shop, race


async def test_of_ten_cancels_of_one_order_one_wins(shop: Shop) -> None:
    order = await shop.paid()
    answers = await race("order_with_crew_for_update", *[lambda: shop.cancel(order)] * 10)
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 9
    [told] = await shop.running.told(OrderCancelled)
    assert (told.reason, told.was_paid, told.fee.minor) == (CancelReason.USER, True, 0)


async def test_the_crew_found_so_far_is_told_so_that_it_is_freed(shop: Shop) -> None:
    order, worker = await shop.paid(shop.cleaning), new_id()
    await shop.assign(order, worker, 2)
    await shop.cancel(order)
    [told] = await shop.running.told(OrderCancelled)
    assert [(member.position, member.worker_id) for member in told.crew] == [(2, worker)]


async def test_a_worker_does_not_cancel_for_the_user(shop: Shop) -> None:
    worker = new_id()
    order = await shop.paid(shop.cleaning)
    await shop.assign(order, worker, 1)
    async with shop.running.begin() as tx:
        with pytest.raises(MoveForbidden):
            await cancel_order(tx, Caller(worker, Role.WORKER), OrderId(UUID(order["id"])), "no")
        with pytest.raises(OrderNotFound):
            stranger = Caller(new_id(), Role.WORKER)
            await cancel_order(tx, stranger, OrderId(UUID(order["id"])), "no")
