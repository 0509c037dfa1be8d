"""The worker's calendar over HTTP."""

from datetime import timedelta

from tests.services.worker.given import approved, book, get, job, release, tomorrow
from tests.support.service import Running, as_json


async def test_a_worker_sees_their_jobs_with_the_ways(run: Running) -> None:
    worker = await approved(run)
    first = job(worker, tomorrow(run))
    second = job(worker, tomorrow(run, 8))
    as_json(await book(run, first))
    as_json(await book(run, second))
    as_json(await release(run, first))
    as_json(await release(run, job(worker, tomorrow(run))))  # Never booked: not shown.

    page = await get(run, worker, "bookings", limit=1)
    [latest] = page["items"]
    assert latest["offer_id"] == second["offer_id"]
    assert latest["state"] == "held"
    busy = tomorrow(run, 8) - timedelta(minutes=15)
    assert latest["busy_from"] == busy.isoformat().replace("+00:00", "Z")
    rest = await get(run, worker, "bookings", cursor=page["next_cursor"])
    assert [(item["offer_id"], item["state"]) for item in rest["items"]] == [
        (first["offer_id"], "released")
    ]


async def test_others_see_none_of_it(run: Running) -> None:
    worker, other = await approved(run), await approved(run)
    as_json(await book(run, job(worker, tomorrow(run))))
    assert (await get(run, other, "bookings"))["items"] == []
