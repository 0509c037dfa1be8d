"""Two changes of one profile at the same moment."""

from shared.contracts.worker import ProfileChanged
from tests.services.worker.given import approved, put, race
from tests.support.service import Running, as_json


async def test_no_change_is_lost_and_the_last_told_is_the_truth(run: Running) -> None:
    worker = await approved(run)
    area = {"base": {"lat": 22.3, "lng": 114.2}, "radius_m": 700, "districts": []}

    async def move() -> object:
        return as_json(await put(run, worker, "service-area", area))

    async def rest() -> object:
        return as_json(await put(run, worker, "schedule", {"shifts": []}))

    await race("worker_for_update", move, rest, move, rest)
    last = (await run.told(ProfileChanged))[-1]
    assert (last.radius_m, last.shifts) == (700, [])
