"""Changing what a worker is granted."""

from tests.services.worker.given import applied, approved, code_of, decide
from tests.support.service import Running, as_json

NEW = {"skills": [{"code": "towing", "level": 5}], "equipment": [], "reason": "tested anew"}


async def test_levels_change_and_the_rest_is_no_longer_granted(run: Running) -> None:
    worker = await approved(run)
    as_json(await decide(run, worker, "grant", NEW))
    async with run.begin() as tx:
        rows = await tx.run("SELECT code, level_granted FROM worker_skills ORDER BY code")
        [kept] = await tx.run("SELECT facts FROM decisions WHERE move = 'grant'")
    assert [tuple(row) for row in rows] == [("jump_start", None), ("towing", 5)]
    assert kept["facts"] == {"skills": {"towing": 5}, "equipment": []}


async def test_an_applicant_is_approved_first_and_nobody_is_left_without(run: Running) -> None:
    waiting, worker = await applied(run), await approved(run)
    assert code_of(await decide(run, waiting, "grant", NEW)) == "move-refused"
    nothing = await decide(run, worker, "grant", NEW | {"skills": []})
    assert code_of(nothing) == "no-skill-granted"
