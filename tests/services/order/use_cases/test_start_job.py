"""The work begins when the lead is there and the checklist allows it."""

import dataclasses
from typing import Any

import pytest

from services.order.domain.order import OrderMove
from shared.contracts.order import OrderStarted
from shared.kit.ids import new_id
from tests.services.order.given import MONG_KOK, offering
from tests.services.order.works import CHECKED, Works
from tests.support.service import as_json


async def test_the_work_begins_and_the_fleet_hears_of_it(works: Works) -> None:
    order = await works.started()

    [told] = await works.told(order, OrderStarted)
    _, visit, _ = await works.rows(order)
    assert (told.state, str(told.visit_id)) == ("in_service", str(visit.id))
    assert visit.started_at is not None


async def test_no_body_is_no_answers(works: Works) -> None:
    order = await works.arrived()
    assert as_json(await works.step(order, "start"))["state"] == "in_service"


async def test_nobody_starts_before_they_arrived(works: Works) -> None:
    order = await works.departed()
    refused = await works.step(order, "start", body={})

    assert (refused.status_code, refused.json()["state"]) == (409, "en_route")


async def test_the_mate_starts_nothing(works: Works) -> None:
    order = await works.arrived()
    refused = await works.step(order, "start", works.mate, {})

    assert (refused.status_code, await works.state(order)) == (403, "arrived")


async def test_what_the_checklist_asks_before_the_start_comes_first(works: Works) -> None:
    order = await works.checked_in_at()
    bare = await works.step(order, "start", body={})
    as_json(await works.send(order, "before", angle="front"))
    half = await works.step(order, "start", body={})
    moved = as_json(await works.step(order, "start", body={"answers": {"keys": True}}))

    assert bare.json()["type"].endswith("/checklist-incomplete")
    assert bare.json()["missing"] == ["keys", "front"]
    assert half.json()["missing"] == ["keys"]
    assert moved["state"] == "in_service"


async def test_photos_of_who_left_do_not_let_the_next_one_begin(works: Works) -> None:
    order = await works.checked_in_at()
    as_json(await works.send(order, "before", angle="front"))
    as_json(await works.step(order, "cancel", body={"reason": "ill"}))
    works.lead = new_id()
    as_json(await works.shop.assign(order, works.lead))
    as_json(await works.step(order, "depart"))
    there = {**MONG_KOK["point"], "accuracy_m": 5}  # type: ignore[dict-item]
    as_json(await works.step(order, "arrive", body=there))
    answers = {"answers": {"keys": True}}
    refused = await works.step(order, "start", body=answers)
    assert refused.json()["missing"] == ["front"]

    as_json(await works.send(order, "before", angle="front"))
    assert as_json(await works.step(order, "start", body=answers))["state"] == "in_service"


async def test_what_is_quoted_on_site_does_not_begin_without_an_approved_quotation(
    works: Works,
) -> None:
    """The guard of START in the table; staff cannot put such an offering on sale so far."""
    terms = {**CHECKED, "category": "renovation", "by_quotation": True, "checklist": []}
    quoted = await offering(works.running, "renovate_flat", terms)
    order = await dataclasses.replace(works, checked=quoted).checked_in_at()

    refused = await works.step(order, "start", body={})

    assert (refused.status_code, refused.json()["guard"]) == (409, OrderMove.START.guard)
    assert refused.json()["type"].endswith("/move-refused")
    assert await works.state(order) == "arrived"


@pytest.mark.parametrize(
    ("answers", "field"),
    [
        ({"keys": 1}, "answers.keys"),
        ({"keys": "yes"}, "answers.keys"),
        ({"rooms": 3}, "answers.rooms"),
        ({"front": True}, "answers.front"),
        ({"nothing": True}, "answers.nothing"),
    ],
)
async def test_an_answer_that_does_not_fit_is_refused_by_name(
    works: Works, answers: dict[str, Any], field: str
) -> None:
    order = await works.checked_in_at()
    as_json(await works.send(order, "before", angle="front"))
    refused = await works.step(order, "start", body={"answers": answers})

    assert (refused.status_code, refused.json()["field"]) == (422, field)
    assert await works.state(order) == "arrived"
