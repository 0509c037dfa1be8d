"""What others see of a worker."""

from typing import Any

from shared.kit.caller import Role
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


async def listed(run: Running, **query: Any) -> Any:
    """What a user sees who asks for workers near Sha Tin."""
    asked: dict[str, Any] = {"skill": "towing", "lat": 22.383, "lng": 114.19} | query
    headers = run.bearer(new_id(), Role.USER)
    return await run.http.get("/workers", params=asked, headers=headers)


async def test_workers_of_a_skill_come_by_credit_page_by_page(run: Running) -> None:
    workers = [await approved(run) for _ in range(5)]
    credits = [7_000, 9_000, 8_000, 9_000, 6_000]
    async with run.begin() as tx:
        for worker, points in zip(workers, credits, strict=True):
            await tx.run("UPDATE workers SET credit_points = $2 WHERE id = $1", worker, points)

    seen, cursor = [], None
    while True:
        page = as_json(await listed(run, limit=2, **({"cursor": cursor} if cursor else {})))
        seen += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    ranked = sorted(zip(credits, workers, strict=True), reverse=True)
    assert [each["worker_id"] for each in seen] == [str(worker) for _, worker in ranked]
    assert seen[0]["display_name"] == "陳**"
    assert seen[0]["skills"] == [{"code": "towing", "level": 3}]
    assert set(seen[0]) == {"worker_id", "display_name", "skills", "credit", "jobs_done"}


async def test_only_those_are_listed_who_could_come(run: Running) -> None:
    here = await approved(run)
    await approved(run, base={"lat": 22.245, "lng": 114.165}, districts=[])  # 8 km are their limit.
    await applied(run)
    suspended = await approved(run)
    as_json(await decide(run, suspended, "suspend"))

    def ids(page: Any) -> list[str]:
        return [each["worker_id"] for each in as_json(page)["items"]]

    assert ids(await listed(run)) == [str(here)]
    assert ids(await listed(run, level=3)) == [str(here)]
    assert ids(await listed(run, level=4)) == []  # Asked for, but not granted.
    assert ids(await listed(run, district="TP")) == [str(here)]
    assert ids(await listed(run, district="CW")) == []
    assert ids(await listed(run, skill="jump_start")) == []
    assert (await listed(run, lat=1.3)).status_code == 422
    assert (await run.http.get("/workers?skill=towing&lat=22.3&lng=114.1")).status_code == 401


async def test_who_takes_no_jobs_has_no_profile(run: Running) -> None:
    waiting, suspended = await applied(run), await approved(run)
    as_json(await decide(run, suspended, "suspend"))
    for worker in (waiting, suspended, new_id()):
        assert (await run.http.get(f"/workers/{worker}")).status_code == 404
    assert (await run.http.get("/workers/nobody")).status_code == 422
