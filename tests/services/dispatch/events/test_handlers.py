"""News from other services, each told twice as Kafka may."""

from datetime import timedelta
from typing import Any

from shared.contracts.order import OrderCancelled, OrderCompleted, OrderPaid, OrderReleased
from shared.contracts.worker import CreditChanged, ProfileChanged, SlotBooked, SlotReleased
from shared.kit.ids import new_id
from shared.kit.inbox import Heard, Outcome, handlers_of, park
from shared.run.redeliver import redeliver
from tests.conftest import ServiceFixture
from tests.services.dispatch.given import (
    Scene,
    cancelled,
    completed,
    paid,
    profile,
    released,
    scene,
)


async def rows(here: Scene, table: str) -> list[Any]:
    async with here.dispatch.begin() as tx:
        return list(await tx.run(f"SELECT * FROM {table}"))


async def test_a_profile_replaces_the_one_before_and_keeps_the_answers(
    service: ServiceFixture,
) -> None:
    async with scene(service) as here:
        worker = await here.worker()
        await here.paid()
        [offer] = await here.offers(worker)
        await here.decline(worker, offer["id"])

        news: ProfileChanged = profile(worker, suspended=True, districts=["ST", "TP"])
        await here.dispatch.tell_twice(news)

        [row] = await rows(here, "candidates")
        assert (row["suspended"], row["districts"]) == (True, ["ST", "TP"])
        assert row["offers_declined"] == 1


async def test_credit_follows_its_event(service: ServiceFixture) -> None:
    async with scene(service) as here:
        worker = await here.worker()
        news = CreditChanged(worker_id=worker, credit=63.5, before=80.0, cause="breach")
        await here.dispatch.tell_twice(news)

        [row] = await rows(here, "candidates")
        assert row["credit"] == 63.5


async def test_a_profile_that_waited_does_not_undo_a_later_credit(service: ServiceFixture) -> None:
    async with scene(service) as here:
        worker = await here.worker()
        earlier = profile(worker, credit=80.0, radius_m=9_000)
        waits = here.dispatch.envelope(earlier)
        await here.dispatch.tell(
            CreditChanged(worker_id=worker, credit=63.5, before=80.0, cause="breached")
        )
        await here.dispatch.tell(earlier, waits)

        [row] = await rows(here, "candidates")
        assert (row["radius_m"], row["credit"]) == (9_000, 63.5)
        await here.dispatch.tell(profile(worker, credit=64.0))
        [row] = await rows(here, "candidates")
        assert row["credit"] == 64.0


async def test_slots_come_end_early_and_go(service: ServiceFixture) -> None:
    async with scene(service) as here:
        first, second = new_id(), new_id()
        who = {"worker_id": new_id(), "order_id": new_id()}
        hour = timedelta(hours=1)
        for offer_id in (first, second):
            span = {"starts_at": here.now, "ends_at": here.now + 3 * hour}
            await here.dispatch.tell_twice(
                SlotBooked(**who, offer_id=offer_id, visit_id=new_id(), **span)
            )
        done = SlotReleased(**who, offer_id=first, free_from=here.now + hour, taken_back=False)
        await here.dispatch.tell_twice(done)
        gone = SlotReleased(**who, offer_id=second, free_from=here.now, taken_back=True)
        await here.dispatch.tell_twice(gone)

        [row] = await rows(here, "slots")
        assert (row["offer_id"], row["ends_at"]) == (first, done.free_from)


async def test_a_release_waits_behind_its_booking_that_was_put_aside(
    service: ServiceFixture,
) -> None:
    async with scene(service) as here:
        ids = {"worker_id": new_id(), "order_id": new_id(), "offer_id": new_id()}
        span = {"starts_at": here.now, "ends_at": here.now + timedelta(hours=1)}
        booked = SlotBooked(**ids, visit_id=new_id(), **span)
        handlers = handlers_of("dispatch")
        [handler] = handlers[SlotBooked.type]
        told = here.dispatch.envelope(booked)
        await park(here.dispatch.begin, Heard(handler, told, booked.model_dump_json()), "ill")

        gone = SlotReleased(**ids, free_from=here.now, taken_back=True)
        assert await here.dispatch.tell(gone) == [Outcome.PARKED]
        assert await redeliver(here.dispatch.begin, handlers) == (2, 0)

        assert await rows(here, "slots") == []


async def test_a_paid_order_starts_one_search_a_position_each_with_its_pay(
    service: ServiceFixture,
) -> None:
    async with scene(service) as here:
        order: OrderPaid = paid(here.now, crew=3)
        await here.dispatch.tell_twice(order)
        await here.dispatch.tell(order)  # Told anew, under another id.

        searches = await rows(here, "searches")
        assert sorted(row["position"] for row in searches) == [1, 2, 3]
        assert sum(row["net_minor"] for row in searches) == 680_00
        assert len({(row["coarse_lat"], row["coarse_lng"]) for row in searches}) == 1


async def test_order_news_about_orders_unknown_here_changes_nothing(
    service: ServiceFixture,
) -> None:
    async with scene(service) as here:
        order = paid(here.now)
        fell_out: OrderReleased = released(order, {"id": str(new_id()), "position": 1}, new_id())
        done: OrderCompleted = completed(order, here.now)
        ended: OrderCancelled = cancelled(order)
        for news in (fell_out, done, ended):
            await here.dispatch.tell_twice(news)

        assert await rows(here, "searches") == []
        assert await here.dispatch.told() == []
