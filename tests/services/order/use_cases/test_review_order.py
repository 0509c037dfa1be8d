"""One review an order; its words are sealed, its stars are told."""

import asyncio
from uuid import UUID

import pytest

from services.order.storage.reviews import Review
from shared.contracts.order import OrderCompletedUnreviewed, OrderReviewed
from shared.kit.ids import new_id, shard_of
from tests.services.order.works import Works
from tests.support.service import as_json


async def test_the_stars_are_told_with_the_crew_and_the_words_are_not(works: Works) -> None:
    order = await works.accepted()
    view = as_json(await works.review(order, rating=4, scores={"tidy": 5}, text=" Sehr sauber. "))

    [told] = await works.told(order, OrderReviewed)
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
    assert [told.rating for told in await works.told(order, OrderReviewed)] == [5]


async def test_work_is_accepted_before_it_is_reviewed(works: Works) -> None:
    order = await works.completed()
    refused = await works.review(order)

    assert (refused.status_code, refused.json()["state"]) == (409, "pending_acceptance")


@pytest.mark.race("order_with_crew_for_update")
async def test_ten_reviews_at_once_are_one(works: Works) -> None:
    order = await works.accepted()
    answers = await asyncio.gather(
        *(works.review(order, rating=1 + number % 5) for number in range(10))
    )

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 9
    assert len(await works.told(order, OrderReviewed)) == 1


@pytest.mark.race("order_with_crew_for_update")
async def test_reviews_race_the_end_of_their_time(own_works: Works) -> None:
    """The clock works from the first order on, users from the last one back: they meet midway."""
    orders = []
    for _ in range(4):
        own_works.lead, own_works.mate = new_id(), new_id()
        orders.append(await own_works.accepted())
    own_works.running.clock.advance_to(own_works.running.clock.offset_seconds + 16 * 86_400)

    async def users() -> dict[str, int]:
        return {o["id"]: (await own_works.review(o)).status_code for o in reversed(orders)}

    answers, _ = await asyncio.gather(users(), own_works.running.run_due())
    told = await own_works.running.told(OrderReviewed, OrderCompletedUnreviewed)
    ends = {str(event.order_id): type(event) for event in told}
    assert len(told) == len(orders)
    assert answers == {id: 201 if end is OrderReviewed else 409 for id, end in ends.items()}
