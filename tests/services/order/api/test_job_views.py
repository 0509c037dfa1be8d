"""A job shows its door to its crew while it is theirs, and every look is recorded."""

from typing import Any
from uuid import UUID

from services.order.storage.orders import order_of
from shared.kit.caller import SYSTEM
from tests.services.order.given import SECRET_LINES, SHA_TIN
from tests.services.order.works import Works
from tests.support.service import as_json


async def reveals(works: Works, order: dict[str, Any]) -> list[UUID]:
    row, _, _ = await works.rows(order)
    async with works.running.begin() as tx:
        rows = await tx.run(
            "SELECT r.actor FROM reveals r JOIN stops s ON s.id = r.row_id"
            " WHERE s.order_id = $1 ORDER BY r.at",
            row.id,
        )
    return [found["actor"] for found in rows]


async def test_the_crew_reads_the_address_down_to_the_door(works: Works) -> None:
    order = await works.assigned()
    lead, mate = await works.job(order), await works.job(order, works.mate)

    assert lead["door_shown"]
    assert lead["stops"][0]["lines"] == SECRET_LINES
    assert lead["stops"][0]["point"] == SHA_TIN["point"]
    assert (lead["is_lead"], mate["is_lead"]) == (True, False)
    assert [seat["is_you"] for seat in mate["crew"]] == [False, True]
    assert await reveals(works, order) == [works.lead, works.mate]


async def test_the_start_code_is_never_shown_to_the_crew(works: Works) -> None:
    order = await works.assigned()
    code = await works.start_code(order)
    job = await works.job(order)

    assert code
    assert "start_code" not in job
    assert job["start_code_tries_left"] == 5


async def test_a_day_after_the_visit_it_is_masked(own_works: Works) -> None:
    order = await own_works.completed()
    await own_works.running.pass_time(hours=23, minutes=59)
    assert (await own_works.job(order))["door_shown"]
    await own_works.running.pass_time(minutes=2)
    masked = await own_works.job(order)

    block = {part: SECRET_LINES[part] for part in ("estate", "building", "block")}
    assert not masked["door_shown"]
    assert masked["stops"][0]["lines"] == block
    assert masked["stops"][0]["point"] == {"lat": 22.38, "lng": 114.19}
    assert len(await reveals(own_works, order)) == 1


async def test_while_another_is_looked_for_it_is_masked(works: Works) -> None:
    order = await works.assigned()
    as_json(await works.step(order, "cancel", works.mate, {"reason": "ill"}))

    assert not (await works.job(order))["door_shown"]


async def test_whoever_asked_to_be_forgotten_shows_nothing(works: Works) -> None:
    order = await works.assigned()
    await works.forget_user()

    assert (await works.job(order))["stops"][0]["lines"] is None


async def test_only_the_lead_is_told_of_the_leads_moves(works: Works) -> None:
    order = await works.assigned()

    assert (await works.job(order))["allowed_moves"] == ["worker_cancel", "depart"]
    assert (await works.job(order, works.mate))["allowed_moves"] == ["worker_cancel"]


async def test_a_position_of_another_visit_is_no_seat_in_this_one(works: Works) -> None:
    order = await works.assigned()
    async with works.running.begin() as tx:
        row = await order_of(tx, SYSTEM, UUID(order["id"]))
        row.visit_number = 2
    answer = await works.http.get(f"/jobs/{order['id']}", headers=works.as_worker())

    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (403, "not-in-crew")
