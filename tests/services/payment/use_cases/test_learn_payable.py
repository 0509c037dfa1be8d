"""An order whose news has not come yet is asked for."""

from services.payment.use_cases.learn_payable import learn_payable
from shared.contracts.ids import OrderId
from shared.contracts.order import OrderPlaced
from shared.kit.caller import Caller, Role
from tests.services.payment.world import World


async def test_what_the_order_service_says_is_kept_as_if_told(world: World) -> None:
    placed = world.order()
    asked = []

    class Orders:
        async def payable(self, caller: Caller, order_id: OrderId) -> OrderPlaced:
            asked.append((caller.id, order_id))
            return placed

    caller = Caller(placed.user_id, Role.USER)
    await learn_payable(world.payment.begin, Orders(), caller, placed.order_id)
    assert asked == [(placed.user_id, placed.order_id)]

    await world.payment.tell_twice(placed)  # The news comes after all.
    view = await world.begin_paying(placed)
    assert view["state"] == "open"
