"""A calendar after the work is done."""

from datetime import timedelta

from services.worker.use_cases.end_slots import end_slots
from shared.contracts.worker import SlotReleased
from shared.kit.caller import SYSTEM
from tests.services.worker.given import approved, book, code_of, get, ids_of, job, tomorrow
from tests.support.service import Running, as_json


async def test_an_early_end_frees_the_rest_after_the_way_back(run: Running) -> None:
    worker = await approved(run)
    body = job(worker, tomorrow(run), hours=4)
    as_json(await book(run, body))
    _, order, visit = ids_of(body)
    ended_at = tomorrow(run) + timedelta(hours=1)
    async with run.begin() as tx:
        await end_slots(tx, SYSTEM, order, visit, ended_at)

    [told] = await run.told(SlotReleased)
    assert told.free_from == ended_at + timedelta(minutes=15)
    assert told.taken_back is False
    soon = await book(run, job(worker, ended_at + timedelta(minutes=29)))
    assert code_of(soon) == "slot-taken"
    as_json(await book(run, job(worker, ended_at + timedelta(minutes=30))))


async def test_a_late_end_is_cut_where_the_next_job_begins(run: Running) -> None:
    worker = await approved(run)
    body = job(worker, tomorrow(run), hours=1)
    after = job(worker, tomorrow(run) + timedelta(hours=2), hours=1)
    as_json(await book(run, body))
    as_json(await book(run, after))
    _, order, visit = ids_of(body)
    async with run.begin() as tx:
        await end_slots(tx, SYSTEM, order, visit, tomorrow(run) + timedelta(hours=3))

    [told] = await run.told(SlotReleased)
    assert told.free_from == tomorrow(run) + timedelta(hours=1, minutes=45)


async def test_a_job_done_before_its_time_leaves_nothing_taken(run: Running) -> None:
    worker = await approved(run)
    body = job(worker, tomorrow(run))
    as_json(await book(run, body))
    _, order, visit = ids_of(body)
    async with run.begin() as tx:
        await end_slots(tx, SYSTEM, order, visit, run.clock.now())

    [item] = (await get(run, worker, "bookings"))["items"]
    assert (item["state"], item["busy_from"], item["busy_until"]) == ("ended", None, None)
    as_json(await book(run, job(worker, tomorrow(run))))


async def test_only_the_visit_that_is_done_ends(run: Running) -> None:
    worker = await approved(run)
    body = job(worker, tomorrow(run))
    later = job(worker, tomorrow(run) + timedelta(days=1), order_id=body["order_id"])
    as_json(await book(run, body))
    as_json(await book(run, later))
    _, order, visit = ids_of(body)
    async with run.begin() as tx:
        await end_slots(tx, SYSTEM, order, visit, tomorrow(run))
    states = [item["state"] for item in (await get(run, worker, "bookings"))["items"]]
    assert sorted(states) == ["ended", "held"]
