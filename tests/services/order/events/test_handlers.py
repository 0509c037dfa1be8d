"""Other services' news, told twice and in either order."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from shared.contracts.dispatch import SearchEscalated
from shared.contracts.ids import OrderId, RefundId, UserId, WorkerId
from shared.contracts.order import CancelReason, OrderCancelled, OrderPaid
from shared.contracts.payment import PaymentCaptured, PaymentUnpaid, Refunded
from shared.contracts.shapes import Point, Urgency
from shared.contracts.worker import ProfileChanged
from shared.kit.ids import new_id
from shared.kit.inbox import Outcome
from shared.kit.money import Currency, Money
from tests.services.order.given import Shop
from tests.support.service import as_json


def _escalated(shop: Shop, order: dict[str, Any]) -> SearchEscalated:
    return SearchEscalated(order_id=OrderId(UUID(order["id"])), user_id=UserId(shop.user))


def _profile(worker: UUID, name: str) -> ProfileChanged:
    return ProfileChanged(
        worker_id=WorkerId(worker), approved=True, suspended=False, display_name=name, skills=[],
        equipment=[], districts=[], base=Point(lat=22.3, lng=114.1), radius_m=1, shifts=[],
        days_off=[], travel_buffer_seconds=0, credit=80, jobs_done=0,
    )  # fmt: skip


async def test_a_captured_order_searches_once_and_repeats_what_payment_told(shop: Shop) -> None:
    order = await shop.placed()
    captured: PaymentCaptured = shop.captured(order)
    await shop.running.tell_twice(captured)
    [told] = await shop.running.told(OrderPaid)
    assert told.state == "pending_dispatch"
    assert (told.commission, told.commission_rule, told.pay) == (
        captured.commission,
        captured.commission_rule,
        captured.pay,
    )
    assert (told.urgency, told.equipment) == (Urgency.RESCUE, "flatbed")
    searches = told.search_until - shop.now
    assert timedelta(minutes=9, seconds=50) < searches <= timedelta(minutes=10)


async def test_a_rescue_starts_when_it_is_paid(shop: Shop) -> None:
    order = await shop.placed()
    await shop.running.pass_time(minutes=10)
    await shop.running.tell(shop.captured(order))
    [told] = await shop.running.told(OrderPaid)
    [visit] = told.visits
    assert shop.now - visit.starts_at < timedelta(seconds=10)
    [kept] = (await shop.detail(order))["visits"]
    assert datetime.fromisoformat(kept["starts_at"]) == visit.starts_at
    assert datetime.fromisoformat(kept["ends_at"]) == visit.ends_at
    assert visit.ends_at - visit.starts_at == timedelta(minutes=90)


async def test_a_scheduled_order_searches_until_two_hours_before_its_start(shop: Shop) -> None:
    order = await shop.placed(shop.cleaning)
    await shop.running.tell(shop.captured(order))
    [told] = await shop.running.told(OrderPaid)
    assert told.urgency is Urgency.SCHEDULED
    assert told.visits[0].starts_at - told.search_until == timedelta(hours=2)


async def test_unpaid_then_captured_stays_cancelled(shop: Shop) -> None:
    order = await shop.placed()
    unpaid: PaymentUnpaid = shop.unpaid(order)
    await shop.running.tell_twice(unpaid)
    await shop.running.tell_twice(shop.captured(order))
    assert await shop.state(order) == "cancelled"
    assert not await shop.running.told(OrderPaid)
    [told] = await shop.running.told(OrderCancelled)
    assert (told.reason, told.was_paid) == (CancelReason.PAY_TIMEOUT, False)


async def test_captured_then_unpaid_stays_paid(shop: Shop) -> None:
    order = await shop.placed()
    await shop.running.tell_twice(shop.captured(order))
    await shop.running.tell_twice(shop.unpaid(order))
    assert await shop.state(order) == "pending_dispatch"
    assert not await shop.running.told(OrderCancelled)


async def test_captured_after_the_users_cancel_changes_nothing(shop: Shop) -> None:
    order = await shop.placed()
    path = f"/orders/{order['id']}/cancel"
    as_json(await shop.http.post(path, json={"reason": "no"}, headers=shop.as_user()))
    await shop.running.tell_twice(shop.captured(order))
    assert await shop.state(order) == "cancelled"
    assert not await shop.running.told(OrderPaid)


async def test_captured_against_the_users_cancel_has_one_outcome(shop: Shop) -> None:
    for _ in range(8):
        order = await shop.placed()
        path = f"/orders/{order['id']}/cancel"
        cancel, outcomes = await asyncio.gather(
            shop.http.post(path, json={"reason": "no"}, headers=shop.as_user()),
            shop.running.tell(shop.captured(order)),
        )
        assert cancel.status_code == 200  # It is free before and after the capture.
        assert set(outcomes) == {Outcome.DONE}
        cancelled = [
            event
            for event in await shop.running.told(OrderCancelled)
            if str(event.order_id) == order["id"]
        ]
        paid = [
            event
            for event in await shop.running.told(OrderPaid)
            if str(event.order_id) == order["id"]
        ]
        assert len(cancelled) == 1
        assert cancelled[0].was_paid == bool(paid)


async def test_a_capture_of_another_sum_is_parked_for_people_to_see(shop: Shop) -> None:
    order = await shop.placed()
    event = shop.captured(order, minor=1)
    assert Outcome.PARKED in await shop.running.tell(event)
    assert await shop.state(order) == "pending_payment"


async def test_an_escalation_flags_and_a_day_later_refunds(shop: Shop) -> None:
    order = await shop.paid()
    await shop.running.tell_twice(_escalated(shop, order))
    await shop.running.tell(_escalated(shop, order))
    assert (await shop.detail(order))["escalated_at"]
    await shop.running.pass_time(hours=23)
    assert await shop.state(order) == "pending_dispatch"
    await shop.running.pass_time(hours=1, seconds=1)
    [told] = await shop.running.told(OrderCancelled)
    assert (told.reason, told.was_paid) == (CancelReason.NO_WORKER, True)
    assert await shop.state(order) == "cancelled"


async def test_a_worker_who_comes_after_the_escalation_keeps_the_order(shop: Shop) -> None:
    order = await shop.paid()
    await shop.running.tell(_escalated(shop, order))
    as_json(await shop.assign(order, new_id()))
    await shop.running.tell(_escalated(shop, order))
    assert (await shop.detail(order))["escalated_at"] is None
    await shop.running.pass_time(hours=30)
    assert await shop.state(order) == "assigned"


async def test_a_refund_is_shown_once_and_a_late_captures_never(shop: Shop) -> None:
    order = await shop.paid()
    ids = {"order_id": OrderId(UUID(order["id"])), "user_id": UserId(shop.user)}
    part = Refunded(
        **ids, refund_id=RefundId(new_id()), amount=Money(1_000, Currency.HKD), full=False
    )
    late = part.model_copy(update={"late": True})
    await shop.running.tell_twice(part)
    await shop.running.tell_twice(late)
    assert (await shop.detail(order))["refunded"]["minor"] == 1_000


async def test_the_crew_is_shown_by_its_newest_masked_names(shop: Shop) -> None:
    worker = new_id()
    order = await shop.assigned(crew=[worker])
    for name in ("陳**", "李**"):
        await shop.running.tell_twice(_profile(worker, name))
    [seat] = (await shop.detail(order))["visits"][0]["positions"]
    assert seat["worker"] == {"id": str(worker), "display_name": "李**"}
