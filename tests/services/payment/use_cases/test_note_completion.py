"""Completed work shows when its pay is released at the latest."""

from datetime import datetime, timedelta

from shared.contracts.order import OrderCompleted
from shared.kit.caller import Role
from tests.services.payment.world import World


async def test_the_release_time_is_shown(world: World) -> None:
    placed, _ = await world.captured()
    crew = world.crew(placed, True)
    await world.assign(placed, crew)
    until = world.payment.clock.now() + timedelta(hours=48)
    event = OrderCompleted(
        **world.about(placed, "pending_acceptance"),
        crew=crew,
        visit_id=placed.visits[0].visit_id,
        ended_at=world.payment.clock.now(),
        accept_until=until,
    )
    await world.payment.tell_twice(event)
    headers = world.payment.bearer(crew[0].worker_id, Role.WORKER)
    [share] = (await world.payment.http.get("/wallet", headers=headers)).json()["coming"]
    assert datetime.fromisoformat(share["release_at"]) == until
