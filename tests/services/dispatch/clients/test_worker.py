"""Booking at the real worker service."""

from datetime import datetime
from uuid import UUID

from services.dispatch.domain.offer import Claim
from shared.contracts.worker import SlotBooked
from tests.conftest import ServiceFixture
from tests.services.dispatch.clients.real import fleet
from tests.services.worker.given import book, job
from tests.support.service import as_json


async def test_a_taken_calendar_refuses_and_the_offer_is_lost(service: ServiceFixture) -> None:
    async with fleet(service) as here:
        order, offer = await here.offered()
        rival = job(here.account, datetime.fromisoformat(offer["starts_at"]))  # type: ignore[arg-type]
        as_json(await book(here.worker, rival))

        refused = await here.accept(offer)

        assert refused.json()["reason"] == "slot-taken"
        assert await here.shop.state(order) == "pending_dispatch"


async def test_a_release_before_the_booking_refuses_it(service: ServiceFixture) -> None:
    async with fleet(service) as here:
        _, offer = await here.offered()
        claim = Claim(
            offer_id=UUID(offer["id"]),  # type: ignore[arg-type]
            order_id=UUID(offer["order_id"]),  # type: ignore[arg-type]
            visit_id=UUID(offer["visit_id"]),  # type: ignore[arg-type]
            position=1,
            worker_id=here.account,  # type: ignore[arg-type]
            starts_at=datetime.fromisoformat(offer["starts_at"]),
            ends_at=datetime.fromisoformat(offer["ends_at"]),
        )
        await here.dispatch.kit.ports["calendar"].release(claim)

        refused = await here.accept(offer)

        assert refused.json()["reason"] == "booking-released"
        assert await here.worker.told(SlotBooked) == []
