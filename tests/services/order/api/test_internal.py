"""What sister services ask of orders."""

from shared.contracts.order import OrderPlaced
from shared.kit.caller import Caller, Role
from shared.kit.ids import new_id
from tests.services.order.given import Shop
from tests.support.service import as_json


async def test_the_payable_is_the_body_of_order_placed(shop: Shop) -> None:
    order = await shop.placed(shop.cleaning)
    caller = Caller(shop.user, Role.USER)
    path = f"/internal/orders/{order['id']}/payable"
    answer = await shop.http.get(path, headers=shop.running.internal(caller, "payment"))
    [told] = await shop.running.told(OrderPlaced)
    assert OrderPlaced.model_validate(as_json(answer)) == told


async def test_the_payable_names_the_crew_that_has_come_meanwhile(shop: Shop) -> None:
    lead, mate = new_id(), new_id()
    order = await shop.assigned(shop.cleaning, [lead, mate])
    path = f"/internal/orders/{order['id']}/payable"
    headers = shop.running.internal(Caller(shop.user, Role.USER), "payment")
    payable = OrderPlaced.model_validate(as_json(await shop.http.get(path, headers=headers)))
    assert payable.state == "assigned"
    assert [(each.worker_id, each.worked) for each in payable.crew] == [
        (lead, False),
        (mate, False),
    ]


async def test_the_payable_of_a_stranger_is_not_there(shop: Shop) -> None:
    order = await shop.placed()
    caller = Caller(new_id(), Role.USER)
    path = f"/internal/orders/{order['id']}/payable"
    answer = await shop.http.get(path, headers=shop.running.internal(caller, "payment"))
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (
        404,
        "order-not-found",
    )


async def test_internal_routes_refuse_people(shop: Shop) -> None:
    order = await shop.placed()
    for headers in ({}, shop.as_user(), shop.as_staff()):
        answer = await shop.http.get(f"/internal/orders/{order['id']}/payable", headers=headers)
        assert answer.status_code == 401


async def test_an_assignment_answers_state_and_completeness(shop: Shop) -> None:
    order = await shop.paid(shop.cleaning)
    first = as_json(await shop.assign(order, new_id(), 1))
    assert first == {"state": "pending_dispatch", "complete": False}
    second = as_json(await shop.assign(order, new_id(), 2))
    assert second == {"state": "assigned", "complete": True}
