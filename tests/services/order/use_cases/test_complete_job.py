"""A job is handed over with proof; from then on the time to accept runs."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.contracts.order import OrderCompleted
from shared.kit.ids import new_id
from tests.services.order.works import Works
from tests.support.service import as_json


async def test_a_photo_of_the_finished_work_is_asked_for(works: Works) -> None:
    order = await works.started()
    bare = await works.step(order, "complete", body={})
    as_json(await works.send(order, "during"))
    half = await works.step(order, "complete", body={})
    as_json(await works.send(order, "after"))
    done = as_json(await works.step(order, "complete", body={}))

    assert [answer.status_code for answer in (bare, half)] == [409, 409]
    assert bare.json()["type"].endswith("/evidence-missing")
    assert done["state"] == "pending_acceptance"


async def test_the_time_to_accept_begins_and_the_fleet_hears_of_it(works: Works) -> None:
    order = await works.completed()

    [told] = await works.told(order, OrderCompleted)
    row, visit, _ = await works.rows(order)
    assert told.state == "pending_acceptance"
    assert told.ended_at == visit.ended_at == row.completed_at
    assert told.accept_until == row.accept_until == told.ended_at + timedelta(hours=48)


async def test_the_rest_of_the_checklist_is_due_at_the_end(works: Works) -> None:
    order = await works.checked_in_at()
    as_json(await works.send(order, "before", angle="front"))
    as_json(await works.step(order, "start", body={"answers": {"keys": False}}))
    as_json(await works.send(order, "after"))
    bare = await works.step(order, "complete", body={})
    wet = await works.step(order, "complete", body={"answers": {"rooms": 3, "floor": "flooded"}})
    answers: dict[str, Any] = {"rooms": 3, "floor": "dry"}
    done = as_json(await works.step(order, "complete", body={"answers": answers}))

    assert bare.json()["missing"] == ["rooms", "floor"]
    assert (wet.status_code, wet.json()["field"]) == (422, "answers.floor")
    assert done["state"] == "pending_acceptance"


async def test_only_the_lead_hands_over(works: Works) -> None:
    order = await works.started()
    as_json(await works.send(order))
    refused = await works.step(order, "complete", works.mate, {})

    assert (refused.status_code, await works.state(order)) == (403, "in_service")


async def test_a_photo_by_any_of_the_crew_shows_the_work(works: Works) -> None:
    order = await works.started()
    as_json(await works.send(order, "after", works.mate))

    assert as_json(await works.step(order, "complete", body={}))["state"] == "pending_acceptance"


@pytest.mark.race("order_with_angles_for_update")
async def test_completing_twice_at_once_is_completing_once(works: Works) -> None:
    order = await works.started()
    as_json(await works.send(order))
    answers = await asyncio.gather(*(works.step(order, "complete", body={}) for _ in range(8)))

    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
    assert len(await works.told(order, OrderCompleted)) == 1


async def test_a_retry_hears_the_same_deadline(own_works: Works) -> None:
    order, key = await own_works.started(), new_id()
    as_json(await own_works.send(order))
    first = as_json(await own_works.step(order, "complete", body={}, key=key))
    await own_works.running.pass_time(minutes=5)
    again = as_json(await own_works.step(order, "complete", body={}, key=key))

    assert first == again
    until = datetime.fromisoformat(first["accept_until"])
    assert until - datetime.fromisoformat(first["completed_at"]) == timedelta(hours=48)
