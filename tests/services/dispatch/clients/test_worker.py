"""Booking at the real worker service."""

from datetime import datetime, timedelta
from uuid import UUID

from services.dispatch.domain.offer import Claim
from shared.contracts.shapes import Urgency
from shared.contracts.worker import SlotBooked
from tests.conftest import ServiceFixture
from tests.services.dispatch.clients.real import fleet
from tests.services.dispatch.given import scene, shift
from tests.services.worker.given import approved, book, job, put
from tests.support.service import as_json


async def test_a_taken_calendar_refuses_and_the_offer_is_lost(service: ServiceFixture) -> None:
    async with fleet(service) as here:
        order, offer = await here.offered()
        rival = job(here.account, datetime.fromisoformat(offer["starts_at"]))  # type: ignore[arg-type]
        as_json(await book(here.worker, rival))

        refused = await here.accept(offer)

        assert refused.json()["reason"] == "slot-taken"
        assert await here.shop.state(order) == "pending_dispatch"


async def test_a_job_planned_before_the_shift_is_booked_from_now_on(
    service: ServiceFixture,
) -> None:
    """Planned from 21:50, at 22:05, hours from 22:00: both rules agree that it fits."""
    calendar = await service("worker", serve=True)
    async with scene(service, WORKER_URL=calendar.url) as here:
        hours = shift(here.now - timedelta(minutes=5), here.now + timedelta(hours=7))
        worker = await approved(calendar)
        as_json(await put(calendar, worker, "schedule", {"shifts": [hours.model_dump()]}))
        await here.worker(worker_id=worker, shifts=[hours])
        planned = here.now - timedelta(minutes=15)
        await here.paid(urgency=Urgency.SCHEDULED, starts_at=planned, lasts=timedelta(minutes=70))
        [offer] = await here.offers(worker)

        answer = as_json(await here.accept(worker, offer["id"]))

        assert answer["state"] == "accepted"
        [booked] = await calendar.told(SlotBooked)
        starts_at = datetime.fromisoformat(offer["starts_at"])
        assert booked.starts_at == starts_at - timedelta(minutes=15)
        assert booked.ends_at == starts_at + timedelta(minutes=70 + 15)


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
            promised_at=datetime.fromisoformat(offer["starts_at"]),
        )
        await here.dispatch.kit.ports["calendar"].release(claim)

        refused = await here.accept(offer)

        assert refused.json()["reason"] == "booking-released"
        assert await here.worker.told(SlotBooked) == []
