"""A worker leaves: their position is free again, the others keep theirs."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.order.storage.orders import order_of
from shared.contracts.dispatch import SearchEscalated
from shared.contracts.ids import OrderId, UserId
from shared.contracts.order import OrderAssigned, OrderDeparted, OrderReleased
from shared.kit.caller import SYSTEM
from shared.kit.ids import new_id
from tests.services.order.works import THERE, Works
from tests.support.service import as_json

WHY = {"reason": "My van broke down, call 9123 4567."}


async def test_the_position_is_free_and_told_as_a_breach(works: Works) -> None:
    order = await works.assigned()
    _, _, [_, held] = await works.rows(order)
    moved = as_json(await works.step(order, "cancel", works.mate, WHY))

    [told] = await works.told(order, OrderReleased)
    _, _, [lead, mate] = await works.rows(order)
    assert moved["state"] == "pending_dispatch"
    assert (told.positions, told.workers, told.offers) == ([2], [works.mate], [held.offer_id])
    assert (told.breach, told.state) == (True, "pending_dispatch")
    assert [crew.worker_id for crew in told.crew] == [works.lead]
    assert (lead.worker_id, mate.worker_id) == (works.lead, None)
    assert "9123" not in told.model_dump_json()


async def test_the_reason_is_kept_without_the_phone_number(works: Works) -> None:
    order = await works.assigned()
    as_json(await works.step(order, "cancel", works.lead, WHY))
    url = f"/orders/{order['id']}/timeline"
    entries = as_json(await works.http.get(url, headers=works.shop.as_user()))["entries"]

    assert entries[-1]["what"] == "worker_cancel"
    assert entries[-1]["reason"].startswith("My van broke down")
    assert "4567" not in entries[-1]["reason"]


async def test_who_left_sees_the_job_no_more(works: Works) -> None:
    order = await works.assigned()
    as_json(await works.step(order, "cancel", works.mate, WHY))
    gone = await works.http.get(f"/jobs/{order['id']}", headers=works.as_worker(works.mate))
    again = await works.step(order, "cancel", works.mate, WHY)

    assert (gone.status_code, again.status_code) == (404, 404)


async def test_another_worker_takes_over_and_the_visit_begins_anew(works: Works) -> None:
    order = await works.arrived()
    code = await works.start_code(order)
    as_json(await works.step(order, "cancel", works.lead, WHY))
    _, visit, seats = await works.rows(order)
    assert (visit.departed_at, visit.arrived_at, visit.arrived_by) == (None, None, None)
    assert [seat.arrived_at for seat in seats] == [None, None]

    left, works.lead = works.lead, new_id()
    as_json(await works.shop.assign(order, works.lead, 1))
    assert len(await works.told(order, OrderAssigned)) == 2
    as_json(await works.step(order, "depart"))
    as_json(await works.step(order, "arrive", body=THERE))
    assert len(await works.told(order, OrderDeparted)) == 2
    assert left not in [seat.worker_id for seat in (await works.rows(order))[2]]
    assert await works.start_code(order) is not None
    assert code is not None


async def test_whoever_left_cannot_use_what_they_knew(works: Works) -> None:
    """The tries begin anew with a code of its own, drawn when the worker left."""
    order = await works.departed()
    async with works.running.begin() as tx:
        row = await order_of(tx, SYSTEM, UUID(order["id"]))
        row.start_code, row.start_tries = "none", 5
    as_json(await works.step(order, "cancel", works.lead, WHY))

    row, _, _ = await works.rows(order)
    assert row.start_tries == 0
    assert len(row.start_code) == 4
    assert row.start_code.isdigit()


async def test_a_released_offer_never_comes_back(works: Works) -> None:
    order = await works.assigned()
    _, _, [_, held] = await works.rows(order)
    as_json(await works.step(order, "cancel", works.mate, WHY))
    refused = await works.shop.assign(order, works.mate, 2, held.offer_id)

    assert refused.json()["type"].endswith("/offer-released")


async def test_the_search_for_another_has_a_deadline_of_its_own(own_works: Works) -> None:
    """A rescue that was escalated, found somebody, and lost them again an hour later."""
    shop = own_works.shop
    order = await shop.paid()
    await own_works.running.tell(
        SearchEscalated(order_id=OrderId(UUID(order["id"])), user_id=UserId(shop.user))
    )
    assert (await shop.detail(order))["escalated_at"] is not None
    as_json(await shop.assign(order, own_works.lead))
    await own_works.running.pass_time(hours=1)
    left_at = shop.now
    as_json(await own_works.step(order, "cancel", body=WHY))

    seen = await shop.detail(order)
    until = datetime.fromisoformat(seen["search_until"])
    assert timedelta(0) <= until - left_at - timedelta(minutes=10) < timedelta(seconds=30)
    assert seen["escalated_at"] is None
    await own_works.running.pass_time(hours=24)
    assert await own_works.state(order) == "pending_dispatch"


async def test_a_search_that_has_longer_keeps_its_deadline(works: Works) -> None:
    order = await works.assigned()
    before = (await works.shop.detail(order))["search_until"]
    as_json(await works.step(order, "cancel", works.lead, WHY))

    assert (await works.shop.detail(order))["search_until"] == before


@pytest.mark.parametrize("reached", ["started", "completed", "accepted"])
async def test_who_has_begun_cannot_leave(works: Works, reached: str) -> None:
    order: dict[str, Any] = await getattr(works, reached)()
    refused = await works.step(order, "cancel", works.lead, WHY)

    assert refused.json()["type"].endswith("/move-refused")
    assert await works.told(order, OrderReleased) == []


@pytest.mark.race("order_with_crew_for_update")
async def test_lead_and_mate_leave_at_once_and_one_is_first(works: Works) -> None:
    """With the first the order waits for dispatch, where nobody may leave any more."""
    order = await works.assigned()
    answers = await asyncio.gather(
        *(works.step(order, "cancel", worker, WHY) for worker in (works.lead, works.mate))
    )

    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert len(await works.told(order, OrderReleased)) == 1
