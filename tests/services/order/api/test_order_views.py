"""What of an order is shown to whom."""

from uuid import UUID

from services.order.api.order_views import detail_of
from services.order.storage.whole import whole_order
from shared.kit.caller import Caller, Role
from shared.kit.ids import new_id
from tests.services.order.given import Shop


async def test_the_allowed_moves_are_those_of_the_role_that_are_built(shop: Shop) -> None:
    order = await shop.paid(shop.cleaning)
    async with shop.running.begin() as tx:
        row = await whole_order(tx, Caller(shop.user, Role.USER), UUID(order["id"]))
        mine = await detail_of(tx, row, Caller(shop.user, Role.USER))
        theirs = await detail_of(tx, row, Caller(new_id(), Role.STAFF))
    assert mine.allowed_moves == theirs.allowed_moves == ["cancel_free"]
    assert mine.visits == theirs.visits


async def test_nobody_sees_floor_or_flat_without_asking(shop: Shop) -> None:
    order = await shop.assigned(shop.cleaning)
    assert "SECRET" not in str(order)


async def test_a_worker_without_a_known_name_is_shown_without_one(shop: Shop) -> None:
    worker = new_id()
    order = await shop.assigned(crew=[worker])
    [seat] = order["visits"][0]["positions"]
    assert seat["worker"] == {"id": str(worker), "display_name": None}
