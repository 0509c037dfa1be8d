"""What others see of a worker."""

from shared.kit.ids import new_id
from tests.services.worker.given import applied, approved, decide
from tests.support.service import Running, as_json


async def test_a_profile_shows_skills_and_credit_but_no_name(run: Running) -> None:
    worker = await approved(run)
    assert as_json(await run.http.get(f"/workers/{worker}")) == {
        "worker_id": str(worker),
        "display_name": "陳**",
        "skills": [{"code": "towing", "level": 3}],
        "credit": 89.75,
        "jobs_done": 0,
    }


async def test_who_takes_no_jobs_has_no_profile(run: Running) -> None:
    waiting, suspended = await applied(run), await approved(run)
    as_json(await decide(run, suspended, "suspend"))
    for worker in (waiting, suspended, new_id()):
        assert (await run.http.get(f"/workers/{worker}")).status_code == 404
    assert (await run.http.get("/workers/nobody")).status_code == 422
