"""Freeing the slots of an order while dispatch releases one of them."""

from services.worker.use_cases.free_slots import free_slots
from shared.contracts.worker import SlotReleased
from shared.kit.caller import SYSTEM
from tests.services.worker.given import approved, book, ids_of, job, race, release, tomorrow
from tests.support.service import Running, as_json


async def test_a_slot_is_freed_once(run: Running) -> None:
    one, two = await approved(run), await approved(run)
    for hour in range(6):
        body = job(one, tomorrow(run, 3 * hour))
        _, order, visit = ids_of(body)
        same = {"order_id": str(order), "visit_id": str(visit)}
        other = job(two, tomorrow(run, 3 * hour)) | same
        as_json(await book(run, body))
        as_json(await book(run, other))
        before = len(await run.told(SlotReleased))

        async def cancel(order: object = order) -> None:
            async with run.begin() as tx:
                await free_slots(tx, SYSTEM, order, None)  # type: ignore[arg-type]

        async def give_up(body: dict[str, object] = body) -> None:
            as_json(await release(run, body))

        await race("held_of_order_for_update", cancel, give_up, cancel)
        assert len(await run.told(SlotReleased)) == before + 2
