"""Accepting an offer crosses three services and is never left half done."""

import asyncio

import pytest

from services.dispatch.storage import Row
from shared.contracts.dispatch import JobAssigned
from tests.conftest import ServiceFixture
from tests.services.dispatch.given import cancelled, scene
from tests.support.service import as_json

assert Row


async def test_the_worker_is_booked_assigned_and_told_where_to_go(
    service: ServiceFixture,
) -> None:
    async with scene(service) as here:
        worker = await here.worker()
        order = await here.paid()
        [offer] = await here.offers(worker)

        answer = as_json(await here.accept(worker, offer["id"]))

        assert answer["state"] == "accepted"
        assert answer["promised_eta_seconds"] == 600
        assert answer["point"] == {"lat": 22.383, "lng": 114.19}
        assert list(here.peers.booked) == [offer["id"]]
        assert list(here.peers.assigned.values()) == [offer["id"]]
        [told] = await here.dispatch.told(JobAssigned)
        assert (told.worker_id, told.order_id, told.position) == (worker, order.order_id, 1)
        assert await here.states("searches") == ["filled"]
        assert await here.offers(worker) == []
