"""Assigning at the real order service."""

from datetime import datetime, timedelta

from shared.contracts.dispatch import JobAssigned
from shared.contracts.order import OrderAssigned
from shared.contracts.worker import SlotBooked, SlotReleased
from tests.conftest import ServiceFixture
from tests.services.dispatch.clients.real import fleet
from tests.support.service import as_json


async def test_accepting_books_the_worker_and_assigns_the_order(service: ServiceFixture) -> None:
    async with fleet(service) as here:
        order, offer = await here.offered()

        answer = as_json(await here.accept(offer))

        assert answer["state"] == "accepted"
        shown = await here.shop.detail(order)
        assert shown["state"] == "assigned"
        [seat] = shown["visits"][0]["positions"]
        promised_at = datetime.fromisoformat(seat["promised_at"])
        on_the_way = promised_at - datetime.fromisoformat(seat["assigned_at"])
        assert timedelta(seconds=540) < on_the_way <= timedelta(seconds=600)
        [assigned] = await here.shop.running.told(OrderAssigned)
        assert [seat.worker_id for seat in assigned.crew] == [here.account]
        [booked] = await here.worker.told(SlotBooked)
        assert str(booked.offer_id) == offer["id"]
        [told] = await here.dispatch.told(JobAssigned)
        assert told.worker_id == here.account


async def test_a_cancelled_order_refuses_and_the_booking_is_given_back(
    service: ServiceFixture,
) -> None:
    async with fleet(service) as here:
        order, offer = await here.offered()
        as_json(await here.shop.cancel(order))

        refused = await here.accept(offer)

        assert refused.status_code == 409
        assert refused.json()["type"].endswith("/offer-lost")
        assert refused.json()["reason"] == "move-refused"
        assert await here.shop.state(order) == "cancelled"
        [released] = await here.worker.told(SlotReleased)
        assert str(released.offer_id) == offer["id"]
        assert await here.dispatch.told(JobAssigned) == []
