"""One review an order; its words are sealed, its stars are told."""

import asyncio
from uuid import UUID

import pytest

from services.order.storage.reviews import Review
from shared.contracts.order import OrderCompletedUnreviewed, OrderReviewed
from shared.kit.ids import new_id, shard_of
from tests.conftest import ServiceFixture
from tests.services.order.works import Works
from tests.services.order.works import works as open_works
from tests.support.sandbox import Sandbox
from tests.support.service import as_json


@pytest.fixture
async def works(service: ServiceFixture, sandbox: Sandbox) -> Works:
    return await open_works(service, sandbox)


async def test_the_stars_are_told_with_the_crew_and_the_words_are_not(works: Works) -> None:
    order = await works.accepted()
    view = as_json(await works.review(order, rating=4, scores={"tidy": 5}, text=" Sehr sauber. "))

    [told] = await works.running.told(OrderReviewed)
    assert (view["rating"], view["scores"]) == (4, {"tidy": 5})
    assert (told.rating, told.scores, told.state) == (4, {"tidy": 5}, "completed")
    assert [crew.worked for crew in told.crew] == [True, False]
    assert "sauber" not in told.model_dump_json()


async def test_the_words_are_sealed_in_the_database(works: Works) -> None:
    order = await works.accepted()
    as_json(await works.review(order, text="Very tidy people."))

    order_id = UUID(order["id"])
    async with works.running.begin() as tx:
        review = await tx.session.get(Review, (shard_of(order_id), order_id))
    assert review is not None
    assert review.text is not None
    assert b"tidy" not in review.text


async def test_there_is_one_review_an_order(works: Works) -> None:
    order = await works.accepted()
    as_json(await works.review(order))
    again = await works.review(order, rating=1)

    assert (again.status_code, again.json()["state"]) == (409, "completed")
    assert [told.rating for told in await works.running.told(OrderReviewed)] == [5]


async def test_work_is_accepted_before_it_is_reviewed(works: Works) -> None:
    order = await works.completed()
    refused = await works.review(order)

    assert (refused.status_code, refused.json()["state"]) == (409, "pending_acceptance")


@pytest.mark.race("order_for_update")
async def test_ten_reviews_at_once_are_one(works: Works) -> None:
    order = await works.accepted()
    answers = await asyncio.gather(
        *(works.review(order, rating=1 + number % 5) for number in range(10))
    )

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 9
    assert len(await works.running.told(OrderReviewed)) == 1


@pytest.mark.race("order_for_update")
async def test_the_review_races_the_end_of_its_time(works: Works) -> None:
    for lag in (0.0, 0.004, 0.008, 0.016, 0.032):
        works.lead, works.mate = new_id(), new_id()
        order = await works.accepted()
        works.running.clock.advance_to(works.running.clock.offset_seconds + 15 * 86_400 + 1)

        async def late(order: dict[str, object] = order, lag: float = lag) -> int:
            await asyncio.sleep(lag)
            return (await works.review(order)).status_code

        status, _ = await asyncio.gather(late(), works.running.run_due())
        told = await works.running.told(OrderReviewed, OrderCompletedUnreviewed)
        kinds = [type(event) for event in told if str(event.order_id) == order["id"]]
        assert kinds == [OrderReviewed if status == 201 else OrderCompletedUnreviewed]
        assert status in {201, 409}
