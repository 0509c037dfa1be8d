"""Suspending a worker."""

from tests.services.worker.given import approved, book, code_of, decide, get, job, tomorrow
from tests.support.service import Running, as_json


async def test_no_new_job_is_booked_and_the_old_ones_stay(run: Running) -> None:
    worker = await approved(run)
    held = job(worker, tomorrow(run))
    as_json(await book(run, held))
    as_json(await decide(run, worker, "suspend"))

    refused = await book(run, job(worker, tomorrow(run, 8)))
    assert (code_of(refused), refused.json()["reason"]) == ("worker-not-available", "suspended")
    assert [item["state"] for item in (await get(run, worker, "bookings"))["items"]] == ["held"]
    assert as_json(await book(run, held))["offer_id"] == held["offer_id"]  # Told again.
