"""Refusing an application."""

from shared.contracts.worker import ProfileChanged, WorkerApproved
from shared.kit.caller import Role
from tests.services.worker.given import applied, decide
from tests.support.service import Running, as_json


async def test_the_person_reads_why_and_nobody_else_is_told(run: Running) -> None:
    worker = await applied(run)
    as_json(await decide(run, worker, "reject", {"reason": "the photo is blurred"}))

    bearer = run.bearer(worker, Role.USER)
    seen = as_json(await run.http.get("/workers/me/onboarding", headers=bearer))
    assert (seen["state"], seen["reason"]) == ("rejected", "the photo is blurred")
    assert await run.told(WorkerApproved, ProfileChanged) == []
