"""Setting weekly hours."""

from tests.services.worker.given import approved, book, code_of, job, put, tomorrow
from tests.support.service import Running, as_json


async def test_jobs_outside_the_hours_are_refused_and_old_ones_stay(run: Running) -> None:
    worker = await approved(run)
    held = job(worker, tomorrow(run, 2))
    as_json(await book(run, held))
    as_json(await put(run, worker, "schedule", {"shifts": []}))

    refused = await book(run, job(worker, tomorrow(run, 8)))
    assert (code_of(refused), refused.json()["reason"]) == ("worker-not-available", "hours")
    as_json(await book(run, held))
