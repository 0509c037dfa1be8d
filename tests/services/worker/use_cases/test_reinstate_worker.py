"""Lifting a suspension."""

from shared.contracts.worker import ProfileChanged
from tests.services.worker.given import approved, book, decide, job, tomorrow
from tests.support.service import Running, as_json


async def test_a_reinstated_worker_has_what_they_had(run: Running) -> None:
    worker = await approved(run)
    before = (await run.told(ProfileChanged))[-1]
    as_json(await decide(run, worker, "suspend"))
    as_json(await decide(run, worker, "reinstate"))

    assert (await run.told(ProfileChanged))[-1] == before
    as_json(await book(run, job(worker, tomorrow(run))))
