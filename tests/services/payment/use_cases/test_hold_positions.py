"""Each worker of a crew sees what is coming to them."""

from shared.kit.caller import Role
from tests.services.payment.world import World


async def test_the_crew_sees_its_coming_pay(world: World) -> None:
    placed, _ = await world.captured(100_000, weights=(1, 1))
    crew = world.crew(placed, False, False)
    await world.assign(placed, crew)
    for member in crew:
        headers = world.payment.bearer(member.worker_id, Role.WORKER)
        wallet = (await world.payment.http.get("/wallet", headers=headers)).json()
        assert [share["amount"]["minor"] for share in wallet["coming"]] == [44_000]
        assert wallet["coming_total"] == [{"minor": 44_000, "currency": "HKD"}]
        assert wallet["available"] == [{"minor": 0, "currency": "HKD"}]
