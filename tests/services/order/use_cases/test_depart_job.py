"""The lead sets out, nobody else does, and it is told once."""

import asyncio

import pytest

from shared.contracts.order import OrderDeparted
from shared.kit.ids import new_id
from tests.services.order.works import Works
from tests.support.service import as_json


async def test_the_lead_sets_out_and_the_fleet_hears_of_it(works: Works) -> None:
    order = await works.assigned()
    moved = as_json(await works.step(order, "depart"))

    [told] = await works.told(order, OrderDeparted)
    _, visit, _ = await works.rows(order)
    assert moved == {"id": order["id"], "number": order["number"], "state": "en_route"}
    assert (told.state, str(told.visit_id)) == ("en_route", order["visits"][0]["id"])
    assert [crew.worker_id for crew in told.crew] == [works.lead, works.mate]
    assert visit.departed_at is not None


async def test_the_mate_may_not_and_a_stranger_sees_no_order(works: Works) -> None:
    order = await works.assigned()
    mate = await works.step(order, "depart", works.mate)
    stranger = await works.step(order, "depart", new_id())

    assert (mate.status_code, stranger.status_code) == (403, 404)
    assert mate.json()["type"].endswith("/lead-only")
    assert stranger.json()["type"].endswith("/order-not-found")
    assert await works.state(order) == "assigned"


async def test_setting_out_twice_is_refused_with_what_is_allowed(works: Works) -> None:
    order = await works.departed()
    again = await works.step(order, "depart")

    assert again.status_code == 409
    assert again.json()["type"].endswith("/move-refused")
    assert "arrive" in again.json()["allowed"]


@pytest.mark.race("order_with_crew_for_update")
async def test_ten_departures_at_once_are_one(works: Works) -> None:
    order = await works.assigned()
    answers = await asyncio.gather(*(works.step(order, "depart") for _ in range(10)))

    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 9
    assert len(await works.told(order, OrderDeparted)) == 1


async def test_ten_retries_of_one_departure_get_one_answer(works: Works) -> None:
    order, key = await works.assigned(), new_id()
    answers = await asyncio.gather(*(works.step(order, "depart", key=key) for _ in range(10)))

    assert {answer.status_code for answer in answers} == {200}
    assert len(await works.told(order, OrderDeparted)) == 1
