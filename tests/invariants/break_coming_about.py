"""Ways to break the rules about how things came about."""

import json
from datetime import date
from typing import Any
from uuid import UUID

from shared.contracts.worker import DayOff
from shared.kit.ids import new_id
from tests.invariants.breaks import HOUR, Breaks
from tests.invariants.ruin import Ruin, now
from tests.services.dispatch.given import profile

breaks = Breaks()
_FLAT = ("approved", "suspended", "radius_m", "travel_buffer_seconds", "jobs_done", "credit")


async def _rewritten(ruin: Ruin, change: str) -> UUID:
    """A cancelled order after this was done to the only row of its history."""
    order: UUID = await ruin.ordered("cancelled", "cancelled")
    await ruin.databases["order"].execute(f"{change} WHERE order_id = $1", order)
    return order


@breaks("histories_are_paths", "has no history")
async def an_order_without_a_history(ruin: Ruin) -> None:
    await _rewritten(ruin, "DELETE FROM order_history")


@breaks("histories_are_paths", "does not begin at its beginning")
async def a_history_without_a_beginning(ruin: Ruin) -> None:
    await _rewritten(ruin, "UPDATE order_history SET before = 'pending_payment'")


@breaks("histories_are_paths", "lacks row 1")
async def a_history_whose_first_row_is_gone(ruin: Ruin) -> None:
    await _rewritten(ruin, "UPDATE order_history SET number = 2")


@breaks("histories_are_paths", "lacks row 2")
async def a_history_that_lost_a_note(ruin: Ruin) -> None:
    order = await ruin.ordered("cancelled", "cancelled")
    note = {"order_id": order, "before": "cancelled", "after": "cancelled", "number": 3}
    await ruin.plant("order", "order_history", **note)


@breaks("histories_are_paths", "counts 2 rows")
async def a_history_that_lost_its_last_note(ruin: Ruin) -> None:
    order = await ruin.ordered("cancelled", "cancelled")
    sql = "UPDATE orders SET version = 2 WHERE id = $1"
    await ruin.databases["order"].execute(sql, order)


@breaks("histories_are_paths", "completed to cancelled is no move")
async def a_step_that_is_no_move(ruin: Ruin) -> None:
    order = await _rewritten(ruin, "UPDATE order_history SET after = 'completed'")
    step = {"before": "completed", "after": "cancelled", "number": 2}
    await ruin.plant("order", "order_history", order_id=order, **step)


@breaks("outboxes_are_empty_and_whole")
async def an_event_that_was_never_sent(ruin: Ruin) -> None:
    await ruin.told("user", "user.role_granted.v1", sent_at=None)


@breaks("outboxes_are_empty_and_whole")
async def a_version_that_is_missing(ruin: Ruin) -> None:
    key = new_id()
    for version in (1, 3):
        await ruin.told("user", "user.role_granted.v1", key=key, version=version)


@breaks("inboxes_match_outboxes")
async def an_event_that_nobody_heard(ruin: Ruin) -> None:
    await ruin.told("user", "user.registered.v1")


@breaks("inboxes_match_outboxes")
async def an_event_heard_that_nobody_told(ruin: Ruin) -> None:
    await ruin.heard(new_id(), "user.registered.v1")


@breaks("nothing_is_dead")
async def an_event_that_waits_for_repair(ruin: Ruin) -> None:
    await ruin.plant("user", "dead_events", error="boom")


@breaks("keys_have_one_effect")
async def a_request_neither_done_nor_undone(ruin: Ruin) -> None:
    await ruin.plant("order", "requests", scope="POST /x", created_at=now() - HOUR)


@breaks("keys_have_one_effect")
async def a_placing_answered_without_an_order(ruin: Ruin) -> None:
    answer = json.dumps({"id": str(new_id())})
    await ruin.plant("order", "requests", scope="POST /orders u", done=True, answer=answer)


@breaks("no_timer_is_overdue")
async def a_timer_that_waits(ruin: Ruin) -> None:
    await ruin.plant("promotion", "timers", kind="expire", due_at=now() - HOUR)


@breaks("calendars_do_not_overlap")
async def two_jobs_at_once(ruin: Ruin) -> None:
    worker = new_id()
    for _ in range(2):
        job = await ruin.seated("closed", "settled", worker)
        await ruin.plant("dispatch", "offers", state="accepted", **job)
        await ruin.plant("worker", "bookings", state="held", **job)
    sql = "UPDATE bookings SET slot = tstzrange(now(), now() + interval '1 hour')"
    await ruin.databases["worker"].execute(sql)


@breaks("assignments_offers_and_bookings_are_one", "fill no position")
async def an_accepted_offer_that_fills_nothing(ruin: Ruin) -> None:
    await ruin.plant("dispatch", "offers", state="accepted")


@breaks("assignments_offers_and_bookings_are_one", "booking None")
async def a_position_filled_without_a_booking(ruin: Ruin) -> None:
    job = await ruin.seated("closed", "settled", new_id())
    await ruin.plant("dispatch", "offers", state="accepted", **job)


@breaks("assignments_offers_and_bookings_are_one", "cancelled, and held by")
async def a_booking_for_a_cancelled_order(ruin: Ruin) -> None:
    job = await ruin.seated("cancelled", "cancelled", new_id())
    await ruin.plant("worker", "bookings", state="held", **job)


@breaks("assignments_offers_and_bookings_are_one", "held for no job")
async def a_booking_left_by_a_claim_that_was_lost(ruin: Ruin) -> None:
    job = {"id": new_id(), "worker_id": new_id(), "order_id": new_id()}
    await ruin.plant("dispatch", "offers", state="lost", **job)
    await ruin.plant("worker", "bookings", state="held", **job)


@breaks("assignments_offers_and_bookings_are_one", "held for no job")
async def a_booking_kept_by_a_worker_who_left(ruin: Ruin) -> None:
    job = await ruin.seated("closed", "settled", new_id())
    await ruin.plant("dispatch", "offers", state="accepted", **job)
    await ruin.plant("worker", "bookings", state="ended", **job)
    left = job | {"id": new_id(), "worker_id": new_id()}
    await ruin.plant("dispatch", "offers", state="released", **left)
    await ruin.plant("worker", "bookings", state="held", **left)


@breaks("nobody_holds_an_open_claim")
async def a_claim_half_done(ruin: Ruin) -> None:
    job = {"id": new_id(), "worker_id": new_id(), "order_id": new_id()}
    await ruin.plant("dispatch", "offers", state="claiming", **job)
    await ruin.plant("worker", "bookings", state="held", **job)  # Its own: nothing is wrong yet.


async def copied(ruin: Ruin, **differs: Any) -> None:
    """A worker whose profile dispatch has heard, and keeps as it is told but for this."""
    worker = new_id()
    told = profile(worker, days_off=[DayOff(on=date(2026, 12, 25))], districts=["sha_tin"])
    event = await ruin.told("worker", told.type, key=worker, body=told.model_dump_json())
    await ruin.heard(event, told.type)
    kept = told.model_dump(mode="json") | differs
    lists = {name: json.dumps(value) for name, value in kept.items() if isinstance(value, list)}
    flat = {name: kept[name] for name in _FLAT}
    base = {"base_lat": kept["base"]["lat"], "base_lng": kept["base"]["lng"]}
    await ruin.plant("dispatch", "candidates", worker_id=worker, **flat, **lists, **base)


@breaks("copies_are_the_originals", "['suspended']")
async def a_worker_suspended_and_not_for_dispatch(ruin: Ruin) -> None:
    await copied(ruin, suspended=True)


@breaks("copies_are_the_originals", "['districts']")
async def a_worker_sought_where_they_do_not_work(ruin: Ruin) -> None:
    await copied(ruin, districts=["tuen_mun"])


@breaks("copies_are_the_originals", "['base']")
async def a_worker_sought_from_elsewhere(ruin: Ruin) -> None:
    await copied(ruin, base={"lat": 22.0, "lng": 114.0})


@breaks("copies_are_the_originals", "['shifts', 'days_off']")
async def a_worker_sought_at_another_time(ruin: Ruin) -> None:
    await copied(ruin, shifts=[], days_off=[])


@breaks("copies_are_the_originals", "['base', 'approved'")
async def a_worker_whom_dispatch_does_not_know(ruin: Ruin) -> None:
    worker = new_id()
    told = profile(worker)
    event = await ruin.told("worker", told.type, key=worker, body=told.model_dump_json())
    await ruin.heard(event, told.type)


@breaks("logs_hold_no_person")
async def a_phone_in_a_log(ruin: Ruin) -> None:
    (ruin.logs / "order.log").write_text("asked by +85261000001\n")
