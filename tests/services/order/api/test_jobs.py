"""The routes of a job: bad input is refused by name, a worker's list is their own."""

from typing import Any

import pytest

from shared.kit.ids import new_id
from tests.services.order.works import THERE, Works
from tests.support.service import as_json

BAD_ARRIVALS: list[Any] = [
    {},
    {"lat": 22.3, "lng": 114.1},
    {"lat": "22.3", "lng": 114.1, "accuracy_m": 5},
    {"lat": True, "lng": 114.1, "accuracy_m": 5},
    {"lat": 91, "lng": 114.1, "accuracy_m": 5},
    {"lat": 22.3, "lng": 114.1, "accuracy_m": -1},
    {"start_code": "123"},
    {"start_code": "12345"},
    {"start_code": "１２３４"},
    {"start_code": 1234},
    {**THERE, "start_code": "1234"},
    {"start_code": "1234", "more": 1},
    [],
    None,
]


@pytest.mark.parametrize("body", BAD_ARRIVALS)
@pytest.mark.parametrize("path", ["arrive", "check-in"])
async def test_an_arrival_is_a_position_or_a_code(works: Works, body: Any, path: str) -> None:
    """The body is refused before the order is looked for."""
    answer = await works.step({"id": str(new_id())}, path, body=body)

    assert answer.status_code == 422
    assert answer.json()["type"].endswith("/invalid-request")
    assert answer.json()["field"].startswith("body")


async def test_a_number_that_is_none_is_refused_like_any_other(works: Works) -> None:
    answer = await works.http.post(
        f"/jobs/{new_id()}/arrive",
        content=b'{"lat": NaN, "lng": 114.1, "accuracy_m": 5}',
        headers=works.as_worker() | {"content-type": "application/json"},
    )
    assert answer.status_code == 422


@pytest.mark.parametrize(
    "body",
    [
        {"answers": {"KEYS": True}},
        {"answers": {"keys": 1.5}},
        {"answers": {"keys": None}},
        {"answers": {"keys": "x" * 121}},
        {"answers": {"keys": 10**12}},
        {"answers": [], "more": 1},
        {"answers": {f"item_{n}": True for n in range(61)}},
    ],
)
async def test_answers_are_bounded(works: Works, body: Any) -> None:
    assert (await works.step({"id": str(new_id())}, "start", body=body)).status_code == 422
    assert (await works.step({"id": str(new_id())}, "complete", body=body)).status_code == 422


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": "x" * 201}, {"reason": 7}])
async def test_leaving_needs_a_reason(works: Works, body: Any) -> None:
    assert (await works.step({"id": str(new_id())}, "cancel", body=body)).status_code == 422


@pytest.mark.parametrize("path", ["depart", "arrive", "check-in", "start", "complete", "cancel"])
async def test_each_step_needs_a_key_and_the_role(works: Works, path: str) -> None:
    bodies: dict[str, Any] = {"arrive": THERE, "check-in": THERE, "cancel": {"reason": "ill"}}
    url, body = f"/jobs/{new_id()}/{path}", bodies.get(path)
    keyless = {k: v for k, v in works.as_worker().items() if k != "Idempotency-Key"}
    without = await works.http.post(url, json=body, headers=keyless)
    as_user = await works.http.post(url, json=body, headers=works.shop.as_user())
    unknown = await works.http.post(url, json=body, headers=works.as_worker())

    assert without.json()["type"].endswith("/idempotency-key-missing")
    assert as_user.json()["type"].endswith("/role-missing")
    assert unknown.json()["type"].endswith("/order-not-found")


async def test_the_list_is_the_workers_own_newest_first_page_by_page(works: Works) -> None:
    mine = [await works.assigned() for _ in range(3)]
    first = as_json(await works.http.get("/jobs?limit=2", headers=works.as_worker()))
    cursor = first["next_cursor"]
    url = f"/jobs?limit=2&cursor={cursor}"
    rest = as_json(await works.http.get(url, headers=works.as_worker()))
    stranger = as_json(await works.http.get("/jobs", headers=works.as_worker(new_id())))

    listed = [job["order_id"] for job in first["items"] + rest["items"]]
    assert listed == [order["id"] for order in reversed(mine)]
    assert (rest["next_cursor"], stranger["items"]) == (None, [])
    assert first["items"][0]["position"] == 1
    assert first["items"][0]["net_pay"] == {"minor": 72_000, "currency": "HKD"}


async def test_a_page_is_never_longer_than_a_hundred(works: Works) -> None:
    for limit in (0, 101):
        answer = await works.http.get(f"/jobs?limit={limit}", headers=works.as_worker())
        assert answer.status_code == 422


async def test_every_step_leads_to_the_next(works: Works) -> None:
    """What a job says is allowed is what the next route does."""
    order = await works.assigned()
    seen = []
    for path, body in [("depart", None), ("arrive", THERE), ("start", {})]:
        seen.append((await works.job(order))["allowed_moves"])
        as_json(await works.step(order, path, body=body))
    as_json(await works.send(order))
    seen.append((await works.job(order))["allowed_moves"])
    as_json(await works.step(order, "complete", body={}))

    assert [moves[-1] for moves in seen] == ["depart", "arrive", "start", "complete"]
    assert (await works.job(order))["allowed_moves"] == []
