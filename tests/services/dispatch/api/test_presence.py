"""Presence and positions over HTTP: what is refused."""

from typing import Any

import pytest

from shared.kit.caller import Role
from shared.kit.ids import new_id
from tests.conftest import ServiceFixture
from tests.services.dispatch.given import scene


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"lat": 31.23}, "body.lat"),
        ({"lng": 121.47}, "body.lng"),
        ({"lat": "north"}, "body.lat"),
        ({"accuracy_m": -1}, "body.accuracy_m"),
        ({"accuracy_m": None}, "body.accuracy_m"),
        ({"at": "2026-11-02T09:00:00"}, "body.at"),
        ({"at": "2099-01-01T00:00:00Z"}, "at"),
        ({"speed": 3}, "body.speed"),
    ],
)
async def test_a_position_outside_hong_kong_or_out_of_shape_is_refused(
    service: ServiceFixture, changed: dict[str, Any], field: str
) -> None:
    async with scene(service) as here:
        body = {"lat": 22.383, "lng": 114.19, "accuracy_m": 8} | changed
        headers = here.dispatch.bearer(new_id(), Role.WORKER)
        answer = await here.dispatch.http.post("/workers/me/positions", json=body, headers=headers)

        assert answer.status_code == 422
        assert answer.json()["field"] == field
        async with here.dispatch.begin() as tx:
            assert await tx.run("SELECT 1 FROM presences") == []


@pytest.mark.parametrize("body", [{}, {"online": "yes"}, {"online": 1}, {"online": True, "x": 1}])
async def test_presence_is_true_or_false(service: ServiceFixture, body: dict[str, Any]) -> None:
    async with scene(service) as here:
        headers = here.dispatch.bearer(new_id(), Role.WORKER)
        answer = await here.dispatch.http.put("/workers/me/presence", json=body, headers=headers)
        assert answer.status_code == 422


async def test_only_workers_have_a_presence(service: ServiceFixture) -> None:
    async with scene(service) as here:
        headers = here.dispatch.bearer(new_id(), Role.USER)
        answer = await here.dispatch.http.put(
            "/workers/me/presence", json={"online": True}, headers=headers
        )
        assert answer.status_code == 403
