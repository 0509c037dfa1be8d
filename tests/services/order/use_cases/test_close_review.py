"""After fifteen days without a word the order is over, and no rating is made up."""

from uuid import UUID

import pytest

from services.order.storage.reviews import Review
from services.order.use_cases.close_review import close_review
from shared.contracts.ids import OrderId
from shared.contracts.order import OrderCompletedUnreviewed, OrderReviewed
from shared.kit.ids import shard_of
from tests.conftest import ServiceFixture
from tests.services.order.works import Works
from tests.services.order.works import works as open_works
from tests.support.sandbox import Sandbox
from tests.support.service import as_json


@pytest.fixture
async def works(service: ServiceFixture, sandbox: Sandbox) -> Works:
    return await open_works(service, sandbox)


async def test_after_fifteen_days_the_order_is_completed_without_a_rating(works: Works) -> None:
    order = await works.accepted()
    await works.running.pass_time(days=14, hours=23)
    assert await works.state(order) == "pending_review"
    await works.running.pass_time(hours=1)

    order_id = UUID(order["id"])
    async with works.running.begin() as tx:
        assert await tx.session.get(Review, (shard_of(order_id), order_id)) is None
    [told] = await works.running.told(OrderCompletedUnreviewed)
    assert (told.state, await works.state(order)) == ("completed", "completed")
    assert await works.running.told(OrderReviewed) == []


async def test_silence_all_along_ends_the_order_too(works: Works) -> None:
    order = await works.completed()
    await works.running.pass_time(hours=48)
    await works.running.pass_time(days=15)

    assert await works.state(order) == "completed"


async def test_a_reviewed_order_is_not_closed_again(works: Works) -> None:
    order = await works.accepted()
    as_json(await works.review(order))
    await works.running.pass_time(days=16)
    async with works.running.begin() as tx:
        await close_review(tx, OrderId(UUID(order["id"])))

    assert await works.running.told(OrderCompletedUnreviewed) == []
