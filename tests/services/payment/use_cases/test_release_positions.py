"""A released worker no longer sees the order's pay; the others still do."""

from shared.contracts.ids import OfferId
from shared.contracts.order import OrderReleased
from shared.kit.caller import Role
from shared.kit.ids import new_id
from tests.services.payment.world import World


async def test_only_the_released_worker_loses_the_coming_pay(world: World) -> None:
    placed, _ = await world.captured(100_000, weights=(1, 1))
    crew = world.crew(placed, False, False)
    await world.assign(placed, crew)
    event = OrderReleased(
        **world.about(placed, "pending_dispatch"),
        visit_id=placed.visits[0].visit_id,
        positions=[2],
        workers=[crew[1].worker_id],
        offers=[OfferId(new_id())],
        reason="worker",
        breach=True,
    )
    await world.payment.tell_twice(event)

    coming = []
    for member in crew:
        headers = world.payment.bearer(member.worker_id, Role.WORKER)
        wallet = (await world.payment.http.get("/wallet", headers=headers)).json()
        coming.append(len(wallet["coming"]))
    assert coming == [1, 0]
