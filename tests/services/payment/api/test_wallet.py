"""HTTP for a worker's wallet."""

from shared.contracts.ids import WorkerId
from shared.contracts.shapes import Crew
from shared.kit.caller import Role
from shared.kit.ids import new_id
from tests.services.payment.world import World
from tests.support.service import as_json


async def test_accepted_work_is_available_and_each_entry_is_shown(world: World) -> None:
    worker = WorkerId(new_id())
    for _ in range(3):
        placed, _ = await world.captured(10_000)
        [member] = world.crew(placed, True)
        crew: list[Crew] = [member.model_copy(update={"worker_id": worker})]
        await world.assign(placed, crew)
        await world.accept(placed, crew)
    await world.payment.run_due()

    mine = world.payment.bearer(worker, Role.WORKER)
    wallet = as_json(await world.payment.http.get("/wallet", headers=mine))
    assert wallet == {
        "available": [{"minor": 26_400, "currency": "HKD"}],
        "coming_total": [],
        "coming": [],
    }
    first = as_json(await world.payment.http.get("/wallet/entries?limit=2", headers=mine))
    path = f"/wallet/entries?limit=2&cursor={first['next_cursor']}"
    rest = as_json(await world.payment.http.get(path, headers=mine))
    entries = [*first["items"], *rest["items"]]
    assert [entry["amount"]["minor"] for entry in entries] == [8_800] * 3
    assert {entry["kind"] for entry in entries} == {"settled"}
    assert rest["next_cursor"] is None


async def test_the_wallet_is_for_workers(world: World) -> None:
    as_user = world.payment.bearer(new_id(), Role.USER)
    assert (await world.payment.http.get("/wallet", headers=as_user)).status_code == 403
    assert (await world.payment.http.get("/wallet")).status_code == 401
