"""Accepting and reviewing over HTTP: bad stars are refused by name, retries change nothing."""

import asyncio
from typing import Any

import pytest

from shared.contracts.order import OrderReviewed
from shared.kit.ids import new_id
from tests.services.order.works import Works
from tests.support.service import as_json


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body.rating"),
        ({"rating": 0}, "body.rating"),
        ({"rating": 6}, "body.rating"),
        ({"rating": "5"}, "body.rating"),
        ({"rating": 4.5}, "body.rating"),
        ({"rating": True}, "body.rating"),
        ({"rating": 5, "scores": {"charm": 5}}, "body.scores.charm.[key]"),
        ({"rating": 5, "scores": {"tidy": 9}}, "body.scores.tidy"),
        ({"rating": 5, "text": "x" * 1001}, "body.text"),
        ({"rating": 5, "stars": 5}, "body.stars"),
    ],
)
async def test_stars_are_whole_and_from_one_to_five(
    works: Works, body: dict[str, Any], field: str
) -> None:
    url = f"/orders/{new_id()}/review"
    answer = await works.http.post(url, json=body, headers=works.shop.as_user())

    assert (answer.status_code, answer.json()["field"]) == (422, field)


@pytest.mark.parametrize("path", ["accept", "review"])
async def test_each_needs_a_key_and_an_order_of_ones_own(works: Works, path: str) -> None:
    url, body = f"/orders/{new_id()}/{path}", {"rating": 5}
    keyless = {k: v for k, v in works.shop.as_user().items() if k != "Idempotency-Key"}
    without = await works.http.post(url, json=body, headers=keyless)
    unknown = await works.http.post(url, json=body, headers=works.shop.as_user())

    assert (without.status_code, unknown.status_code) == (400, 404)


async def test_ten_equal_reviews_are_one(works: Works) -> None:
    order, key = await works.accepted(), new_id()
    answers = await asyncio.gather(
        *(works.review(order, key, rating=4, text="good") for _ in range(10))
    )

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert len(await works.told(order, OrderReviewed)) == 1


async def test_accepting_says_when(works: Works) -> None:
    order = await works.completed()
    view = as_json(await works.accept(order))

    assert set(view) == {"id", "number", "state", "accepted_at"}
    assert (await works.shop.detail(order))["accepted_at"] == view["accepted_at"]
