"""An order whose news has not come yet is asked for."""

import asyncio
from typing import Any

from services.payment.use_cases.keep_payable import keep_payable
from services.payment.use_cases.learn_payable import learn_payable
from shared.contracts.ids import OrderId
from shared.contracts.order import OrderPlaced
from shared.kit.caller import Caller, Role
from tests.services.payment.world import World


class Orders:
    """The order service, as long as it knows this one order."""

    def __init__(self, placed: OrderPlaced) -> None:
        self.placed = placed
        self.asked: list[tuple[Any, OrderId]] = []

    async def payable(self, caller: Caller, order_id: OrderId) -> OrderPlaced:
        self.asked.append((caller.id, order_id))
        return self.placed


async def test_what_the_order_service_says_is_kept_as_if_told(world: World) -> None:
    placed = world.order()
    orders = Orders(placed)
    caller = Caller(placed.user_id, Role.USER)
    learnt = await learn_payable(world.payment.begin, orders, caller, placed.order_id)
    assert (learnt, orders.asked) == (placed, [(placed.user_id, placed.order_id)])
    async with world.payment.begin() as tx:
        await keep_payable(tx, placed)

    await world.payment.tell_twice(placed)  # The news comes after all.
    assert await learn_payable(world.payment.begin, orders, caller, placed.order_id) is None
    assert len(orders.asked) == 1


async def test_an_order_is_paid_before_its_news_has_come(world: World) -> None:
    placed = world.order()
    world.payment.kit.ports["orders"] = Orders(placed)
    view = await world.begin_paying(placed)
    await world.payment.tell_twice(placed)
    answer = await world.tell_paid(await world.pay_at_wechat(view["payment_id"]))
    assert answer.status_code == 204
    assert (await world.money(placed))["state"] == "captured"
    await world.pass_time(minutes=20)  # Its deadline was set by whoever kept it, and taken back.
    assert (await world.money(placed))["state"] == "captured"


async def test_of_news_and_question_at_once_one_keeps_the_order(world: World) -> None:
    for _ in range(10):
        placed = world.order()
        world.payment.kit.ports["orders"] = Orders(placed)
        _, view = await asyncio.gather(world.payment.tell(placed), world.begin_paying(placed))
        assert view["state"] == "open"
