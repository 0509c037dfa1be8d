"""Staff routes of a job are for staff, who say why."""

import pytest

from shared.kit.ids import new_id
from tests.services.order.works import Works


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": "x" * 201}, {"reason": 1}])
async def test_a_new_code_needs_a_reason(works: Works, body: dict[str, object]) -> None:
    url = f"/staff/order/orders/{new_id()}/start-code"
    answer = await works.http.post(url, json=body, headers=works.shop.as_staff())

    assert (answer.status_code, answer.json()["field"]) == (422, "body.reason")


async def test_nobody_else_makes_one(works: Works) -> None:
    order = await works.departed()
    url = f"/staff/order/orders/{order['id']}/start-code"
    code = await works.start_code(order)
    for headers in (works.shop.as_user(), works.as_worker()):
        answer = await works.http.post(url, json={"reason": "please"}, headers=headers)
        assert answer.status_code == 403

    assert await works.start_code(order) == code
