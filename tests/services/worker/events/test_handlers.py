"""News of orders, each told twice as the broker may."""

from datetime import timedelta
from typing import Any

from shared.contracts.ids import OrderId, VisitId, WorkerId
from shared.contracts.order import (
    CancelReason,
    OrderAccepted,
    OrderArrived,
    OrderCancelled,
    OrderCompleted,
    OrderReleased,
    OrderReviewed,
)
from shared.contracts.worker import CreditChanged, SlotReleased
from shared.kit.ids import new_id
from shared.kit.money import Currency, Money
from tests.services.worker.given import (
    about,
    approved,
    book,
    code_of,
    crew_of,
    get,
    ids_of,
    job,
    tomorrow,
)
from tests.support.service import Running, as_json

FREE = Money(0, Currency.HKD)


async def booked(run: Running) -> tuple[WorkerId, dict[str, Any]]:
    worker = await approved(run)
    body = job(worker, tomorrow(run))
    as_json(await book(run, body))
    return worker, body


def released(body: dict[str, Any], worker: WorkerId, *, breach: bool) -> OrderReleased:
    offer, order, visit = ids_of(body)
    return OrderReleased(
        **about(order),
        visit_id=visit,
        positions=[1],
        workers=[worker],
        offers=[offer],
        reason="worker",
        breach=breach,
    )


async def test_a_breach_frees_the_slot_and_lowers_the_credit(run: Running) -> None:
    worker, body = await booked(run)
    await run.tell_twice(released(body, worker, breach=True))

    [freed] = await run.told(SlotReleased)
    assert freed.taken_back is True
    [changed] = await run.told(CreditChanged)
    assert (changed.before, changed.cause) == (89.75, "breached")
    assert changed.credit < changed.before
    assert code_of(await book(run, body)) == "booking-released"
    as_json(await book(run, job(worker, tomorrow(run))))


async def test_a_release_without_fault_does_not_count(run: Running) -> None:
    worker, body = await booked(run)
    await run.tell_twice(released(body, worker, breach=False))
    assert len(await run.told(SlotReleased)) == 1
    assert await run.told(CreditChanged) == []


async def test_a_release_after_dispatch_released_tells_nothing_more(run: Running) -> None:
    worker, body = await booked(run)
    event = released(body, worker, breach=False)
    await run.tell_twice(event)
    await run.tell_twice(event)  # A replay under another id.
    assert len(await run.told(SlotReleased)) == 1


async def test_a_cancelled_order_frees_every_slot_and_is_nobodys_fault(run: Running) -> None:
    worker, body = await booked(run)
    _, order, _ = ids_of(body)
    later = job(worker, tomorrow(run) + timedelta(days=1), order_id=str(order))
    as_json(await book(run, later))
    cancelled = OrderCancelled(**about(order), reason=CancelReason.USER, was_paid=True, fee=FREE)
    await run.tell_twice(cancelled)

    assert len(await run.told(SlotReleased)) == 2
    assert await run.told(CreditChanged) == []


async def test_a_completed_visit_ends_the_booking_at_the_actual_time(run: Running) -> None:
    worker, body = await booked(run)
    _, order, visit = ids_of(body)
    ended_at = tomorrow(run) + timedelta(minutes=40)
    await run.tell_twice(
        OrderCompleted(**about(order), visit_id=visit, ended_at=ended_at, accept_until=ended_at)
    )

    [freed] = await run.told(SlotReleased)
    assert (freed.free_from, freed.taken_back) == (ended_at + timedelta(minutes=15), False)
    [item] = (await get(run, worker, "bookings"))["items"]
    assert item["state"] == "ended"


async def test_only_who_worked_has_done_the_job(run: Running) -> None:
    lead, second, away = [await approved(run) for _ in range(3)]
    order, visit = OrderId(new_id()), VisitId(new_id())
    crew = crew_of(visit, lead, second) + crew_of(visit, away, worked=False)
    crew += crew_of(VisitId(new_id()), lead)  # The lead came twice: one job.
    await run.tell_twice(OrderAccepted(**about(order, crew), automatic=False, payable=FREE))

    assert (await get(run, lead, "credit"))["jobs_done"] == 1
    assert (await get(run, second, "credit"))["jobs_done"] == 1
    assert (await get(run, away, "credit")) | {"terms": {}} == {
        "credit": 89.75,
        "jobs_done": 0,
        "orders_counted": 0,
        "terms": {},
        "events": [],
        "next_cursor": None,
    }
    assert {change.worker_id for change in await run.told(CreditChanged)} == {lead, second}


async def test_a_rating_counts_for_who_worked(run: Running) -> None:
    worker = await approved(run)
    order, visit = OrderId(new_id()), VisitId(new_id())
    crew = crew_of(visit, worker)
    await run.tell_twice(OrderReviewed(**about(order, crew), rating=5, scores={"skill": 5}))

    seen = await get(run, worker, "credit")
    assert seen["terms"]["rating"] == (5 + 46) / 11
    assert (await run.told(CreditChanged))[-1].credit == seen["credit"] > 89.75


async def test_the_lead_alone_is_in_time_or_late(run: Running) -> None:
    lead, second = await approved(run), await approved(run)
    order, visit = OrderId(new_id()), VisitId(new_id())
    crew = crew_of(visit, lead, second, worked=False)
    await run.tell_twice(OrderArrived(**about(order, crew), visit_id=visit, late_seconds=1200))

    assert (await get(run, lead, "credit"))["terms"]["on_time"] == 9 / 11
    assert (await get(run, second, "credit"))["terms"]["on_time"] == 0.9
