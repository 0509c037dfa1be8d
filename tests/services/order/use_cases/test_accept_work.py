"""The user accepts, silence does, never both."""

import asyncio

import pytest

from shared.contracts.order import OrderAccepted
from shared.kit.ids import new_id
from tests.services.order.works import Works
from tests.support.service import as_json


async def test_the_crew_is_named_with_who_worked_and_what_was_paid(works: Works) -> None:
    order = await works.completed()
    view = as_json(await works.accept(order))

    [told] = await works.told(order, OrderAccepted)
    row, _, _ = await works.rows(order)
    assert (view["state"], told.state, told.automatic) == ("pending_review",) * 2 + (False,)
    assert told.payable == row.payable
    assert [(crew.worker_id, crew.worked) for crew in told.crew] == [
        (works.lead, True),
        (works.mate, False),
    ]


async def test_nobody_else_accepts(own_works: Works) -> None:
    order = await own_works.completed()
    url = f"/orders/{order['id']}/accept"
    stranger = await own_works.http.post(url, headers=own_works.shop.as_user(user=new_id()))
    lead = await own_works.http.post(url, headers=own_works.as_worker())

    assert (stranger.status_code, lead.status_code) == (404, 403)
    assert await own_works.state(order) == "pending_acceptance"
    assert await own_works.running.pass_time(hours=48) == 1  # Refused, they did not stop the clock.
    assert await own_works.state(order) == "pending_review"


async def test_unfinished_work_is_not_accepted(works: Works) -> None:
    order = await works.started()
    refused = await works.accept(order)

    assert (refused.status_code, refused.json()["state"]) == (409, "in_service")


async def test_accepted_work_is_not_accepted_again_by_time(own_works: Works) -> None:
    order = await own_works.accepted()
    await own_works.running.pass_time(hours=49)

    assert len(await own_works.told(order, OrderAccepted)) == 1
    assert await own_works.state(order) == "pending_review"


async def test_ten_retries_of_one_acceptance_get_one_answer(works: Works) -> None:
    order, key = await works.completed(), new_id()
    answers = await asyncio.gather(*(works.accept(order, key) for _ in range(10)))

    assert {answer.text for answer in answers} == {answers[0].text}
    assert len(await works.told(order, OrderAccepted)) == 1


@pytest.mark.race("order_with_crew_for_update")
async def test_users_race_the_clock_and_either_wins_alone(own_works: Works) -> None:
    """The clock works from the first order on, users from the last one back: they meet midway."""
    orders = []
    for _ in range(6):
        own_works.lead, own_works.mate = new_id(), new_id()
        orders.append(await own_works.completed())
    own_works.running.clock.advance_to(own_works.running.clock.offset_seconds + 49 * 3600)

    async def users() -> dict[str, int]:
        return {o["id"]: (await own_works.accept(o)).status_code for o in reversed(orders)}

    answers, _ = await asyncio.gather(users(), own_works.running.run_due())
    told = await own_works.running.told(OrderAccepted)
    automatic = {str(event.order_id): event.automatic for event in told}
    assert len(told) == len(orders)
    assert answers == {id: 409 if silent else 200 for id, silent in automatic.items()}
    assert set(automatic.values()) == {True, False}


@pytest.mark.race("order_with_crew_for_update")
async def test_the_two_never_wait_for_each_other(own_works: Works) -> None:
    """Both want timer and order; were their locks taken crosswise, one would die as a victim."""
    order = await own_works.completed()
    own_works.running.clock.advance_to(own_works.running.clock.offset_seconds + 49 * 3600)
    accepting = asyncio.gather(*(own_works.accept(order) for _ in range(6)))
    await asyncio.gather(*(own_works.running.run_due() for _ in range(3)))
    answers = await accepting

    assert {answer.status_code for answer in answers} <= {200, 409}
    assert len(await own_works.told(order, OrderAccepted)) == 1
