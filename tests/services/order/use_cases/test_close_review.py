"""After fifteen days without a word the order is over, and no rating is made up."""

from uuid import UUID

from services.order.storage.reviews import Review
from services.order.use_cases.close_review import close_review
from shared.contracts.ids import OrderId
from shared.contracts.order import OrderCompletedUnreviewed, OrderReviewed
from shared.kit.ids import shard_of
from tests.services.order.works import Works
from tests.support.service import as_json


async def test_after_fifteen_days_the_order_is_completed_without_a_rating(own_works: Works) -> None:
    order = await own_works.accepted()
    await own_works.running.pass_time(days=14, hours=23)
    assert await own_works.state(order) == "pending_review"
    await own_works.running.pass_time(hours=1)

    order_id = UUID(order["id"])
    async with own_works.running.begin() as tx:
        assert await tx.session.get(Review, (shard_of(order_id), order_id)) is None
    [told] = await own_works.told(order, OrderCompletedUnreviewed)
    assert (told.state, await own_works.state(order)) == ("completed", "completed")
    assert await own_works.told(order, OrderReviewed) == []


async def test_silence_all_along_ends_the_order_too(own_works: Works) -> None:
    order = await own_works.completed()
    await own_works.running.pass_time(hours=48)
    await own_works.running.pass_time(days=15)

    assert await own_works.state(order) == "completed"


async def test_a_reviewed_order_is_not_closed_again(own_works: Works) -> None:
    order = await own_works.accepted()
    as_json(await own_works.review(order))
    await own_works.running.pass_time(days=16)
    async with own_works.running.begin() as tx:
        await close_review(tx, OrderId(UUID(order["id"])))

    assert await own_works.told(order, OrderCompletedUnreviewed) == []
