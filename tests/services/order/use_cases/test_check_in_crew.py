"""The others of the crew check in, and only then does their position count as worked."""

import asyncio

import pytest

from shared.contracts.order import OrderCompleted
from shared.kit.ids import new_id
from tests.services.order.works import AWAY, THERE, Works
from tests.support.service import as_json


async def test_who_checks_in_has_worked(works: Works) -> None:
    order = await works.started()
    as_json(await works.step(order, "check-in", works.mate, THERE))
    as_json(await works.send(order))
    as_json(await works.step(order, "complete", body={}))

    [told] = await works.told(order, OrderCompleted)
    assert [crew.worked for crew in told.crew] == [True, True]


async def test_who_never_checks_in_has_not(works: Works) -> None:
    order = await works.completed()

    [told] = await works.told(order, OrderCompleted)
    assert [crew.worked for crew in told.crew] == [True, False]


async def test_the_mate_may_be_there_before_the_lead(works: Works) -> None:
    order = await works.departed()
    view = as_json(await works.step(order, "check-in", works.mate, THERE))

    _, _, [lead, mate] = await works.rows(order)
    assert view["arrived_by"] == "distance"
    assert (lead.arrived_at is None, mate.arrived_at is None) == (True, False)
    assert await works.state(order) == "en_route"


async def test_the_same_rule_holds_for_everybody(works: Works) -> None:
    order = await works.departed()
    code = await works.start_code(order)
    far = await works.step(order, "check-in", works.mate, AWAY)
    wrong = {"start_code": f"{(int(code) + 1) % 10_000:04d}"}
    tried = await works.step(order, "check-in", works.mate, wrong)
    view = as_json(await works.step(order, "check-in", works.mate, {"start_code": code}))

    assert far.json()["type"].endswith("/arrival-not-shown")
    assert tried.json()["tries_left"] == 4
    assert view["arrived_by"] == "start_code"


async def test_who_comes_after_the_start_has_the_code_too(works: Works) -> None:
    order = await works.started()
    code = await works.start_code(order)
    view = as_json(await works.step(order, "check-in", works.mate, {"start_code": code}))

    assert view["arrived_by"] == "start_code"
    assert (await works.shop.detail(order))["start_code"] is None  # All are there.


async def test_lead_and_mate_share_the_five_tries(works: Works) -> None:
    order = await works.departed()
    body = {"start_code": f"{(int(await works.start_code(order)) + 1) % 10_000:04d}"}
    for worker in (works.lead, works.lead, works.mate, works.mate, works.mate):
        await works.step(order, "arrive" if worker == works.lead else "check-in", worker, body)
    locked = await works.step(order, "check-in", works.mate, body)

    assert locked.json()["type"].endswith("/start-code-locked")


async def test_the_lead_arrives_instead(works: Works) -> None:
    order = await works.departed()
    refused = await works.step(order, "check-in", works.lead, THERE)

    assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (409, "lead-arrives")


async def test_nobody_checks_in_before_the_departure_or_after_the_work(works: Works) -> None:
    early = await works.assigned()
    refused = await works.step(early, "check-in", works.mate, THERE)
    assert refused.json()["type"].endswith("/move-refused")

    works.lead, works.mate = new_id(), new_id()
    late = await works.completed()
    refused = await works.step(late, "check-in", works.mate, THERE)
    assert refused.json()["state"] == "pending_acceptance"


@pytest.mark.race("order_with_crew_for_update")
async def test_checking_in_ten_times_is_coming_once(works: Works) -> None:
    order = await works.departed()
    answers = await asyncio.gather(
        *(works.step(order, "check-in", works.mate, THERE) for _ in range(10))
    )

    row, _, _ = await works.rows(order)
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["arrived_at"] for answer in answers}) == 1
    timeline = await works.http.get(f"/orders/{order['id']}/timeline", headers=works.shop.as_user())
    notes = [entry["what"] for entry in as_json(timeline)["entries"]]
    assert notes.count("checked_in") == 1
    assert row.version == len(notes)
