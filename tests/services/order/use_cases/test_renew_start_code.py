"""Staff unlock an arrival with a new code, which only the user sees."""

import asyncio

import httpx
import pytest

from tests.services.order.works import Works
from tests.support.service import as_json


async def renew(works: Works, order: dict[str, object]) -> httpx.Response:
    return await works.http.post(
        f"/staff/order/orders/{order['id']}/start-code",
        json={"reason": "Crew and user on the phone."},
        headers=works.shop.as_staff(),
    )


async def test_after_five_wrong_codes_staff_give_a_new_one(works: Works) -> None:
    order = await works.departed()
    old = await works.start_code(order)
    for _ in range(5):
        body = {"start_code": f"{(int(old) + 1) % 10_000:04d}"}
        await works.step(order, "arrive", body=body)
    answer = await renew(works, order)
    new = await works.start_code(order)

    assert as_json(answer)["state"] == "en_route"
    assert new not in answer.text.replace(order["id"], "")
    as_json(await works.step(order, "arrive", body={"start_code": new}))


async def test_it_stands_in_the_timeline_with_its_reason(works: Works) -> None:
    order = await works.departed()
    as_json(await renew(works, order))
    url = f"/orders/{order['id']}/timeline"
    last = as_json(await works.http.get(url, headers=works.shop.as_user()))["entries"][-1]

    assert (last["what"], last["role"]) == ("start_code_renewed", "staff")
    assert last["reason"] == "Crew and user on the phone."


async def test_where_no_code_is_shown_none_is_renewed(works: Works) -> None:
    order = await works.completed()
    refused = await renew(works, order)

    assert (refused.status_code, refused.json()["state"]) == (409, "pending_acceptance")


async def test_after_the_start_it_is_renewed_for_who_is_still_to_come(works: Works) -> None:
    order = await works.started()
    body = {"start_code": f"{(int(await works.start_code(order)) + 1) % 10_000:04d}"}
    for _ in range(5):
        await works.step(order, "check-in", works.mate, body)
    as_json(await renew(works, order))
    body = {"start_code": await works.start_code(order)}
    as_json(await works.step(order, "check-in", works.mate, body))
    refused = await renew(works, order)

    assert (refused.status_code, refused.json()["state"]) == (409, "in_service")


@pytest.mark.race("order_with_crew_for_update")
async def test_codes_renewed_at_once_are_written_down_one_by_one(works: Works) -> None:
    order = await works.departed()
    answers = await asyncio.gather(*(renew(works, order) for _ in range(8)))
    url = f"/orders/{order['id']}/timeline"
    entries = as_json(await works.http.get(url, headers=works.shop.as_user()))["entries"]

    assert [answer.status_code for answer in answers] == [200] * 8
    assert [entry["what"] for entry in entries[-8:]] == ["start_code_renewed"] * 8
    assert [entry["number"] for entry in entries] == list(range(1, len(entries) + 1))
