"""Staff's desk over HTTP."""

import pytest

from shared.contracts.worker import (
    ProfileChanged,
    Skill,
    WorkerApproved,
    WorkerSuspended,
)
from shared.kit.caller import Role
from shared.kit.ids import new_id
from tests.services.worker.given import GRANT, STAFF, applied, approved, code_of, decide
from tests.support.service import Running, as_json


async def test_an_approval_tells_the_whole_state(run: Running) -> None:
    worker = await applied(run)
    answer = await decide(run, worker, "approve", GRANT)

    assert as_json(answer) == {
        "worker_id": str(worker),
        "state": "approved",
        "display_name": "陳**",
    }
    [told] = await run.told(WorkerApproved)
    assert told.worker_id == worker
    [profile] = await run.told(ProfileChanged)
    assert (profile.approved, profile.suspended) == (True, False)
    assert profile.skills == [Skill(code="towing", level=3)]
    assert profile.equipment == ["flatbed"]
    assert profile.districts == ["ST", "TP"]
    assert (profile.base.lat, profile.base.lng, profile.radius_m) == (22.383, 114.19, 8000)
    assert (profile.shifts, profile.days_off, profile.jobs_done) == ([], [], 0)
    assert (profile.credit, profile.travel_buffer_seconds) == (89.75, 900)
    assert profile.display_name == "陳**"


async def test_a_replayed_decision_gets_the_first_answer(run: Running) -> None:
    worker = await applied(run)
    headers = run.headers(STAFF, Role.STAFF)
    path = f"/staff/worker/{worker}/approve"
    first = await run.http.post(path, json=GRANT, headers=headers)
    again = await run.http.post(path, json=GRANT, headers=headers)

    assert first.text == again.text
    assert again.headers["idempotent-replayed"] == "true"
    assert code_of(await decide(run, worker, "approve", GRANT)) == "move-refused"


async def test_a_suspended_worker_is_told_of_and_comes_back(run: Running) -> None:
    worker = await approved(run)
    as_json(await decide(run, worker, "suspend", {"reason": "two complaints upheld"}))

    [suspended] = await run.told(WorkerSuspended)
    assert suspended.reason == "two complaints upheld"
    assert (await run.told(ProfileChanged))[-1].suspended is True
    refused = await decide(run, worker, "suspend")
    assert code_of(refused) == "move-refused"
    assert refused.json()["allowed"] == ["grant", "reinstate"]

    as_json(await decide(run, worker, "reinstate"))
    assert (await run.told(ProfileChanged))[-1].suspended is False


async def test_grants_replace_each_other(run: Running) -> None:
    worker = await approved(run)
    new = {"skills": [{"code": "gas", "level": 2}], "equipment": [], "reason": "licence seen"}
    as_json(await decide(run, worker, "grant", new))

    profile = (await run.told(ProfileChanged))[-1]
    assert profile.skills == [Skill(code="gas", level=2)]
    assert profile.equipment == []


async def test_the_queue_is_paged_and_the_file_shows_decisions(run: Running) -> None:
    workers = [await applied(run) for _ in range(3)]
    bearer = run.bearer(STAFF, Role.STAFF)
    path = "/staff/worker/applications"
    first = as_json(await run.http.get(path, params={"limit": 2}, headers=bearer))
    more = {"limit": 2, "cursor": first["next_cursor"]}
    second = as_json(await run.http.get(path, params=more, headers=bearer))

    seen = [item["worker_id"] for item in first["items"] + second["items"]]
    assert seen == [str(worker) for worker in workers]
    assert second["next_cursor"] is None
    assert first["items"][0]["skills"] == [
        {"code": "jump_start", "level_asked": 2, "level_granted": None},
        {"code": "towing", "level_asked": 4, "level_granted": None},
    ]
    as_json(await decide(run, workers[0], "reject", {"reason": "no driving licence"}))
    file = as_json(await run.http.get(f"/staff/worker/{workers[0]}", headers=bearer))
    assert file["state"] == "rejected"
    assert [(d["move"], d["reason"]) for d in file["decisions"]] == [
        ("reject", "no driving licence")
    ]
    assert file["decisions"][0]["actor"] == str(STAFF)


async def test_clear_data_is_shown_to_staff_with_a_purpose_and_kept(run: Running) -> None:
    worker = await applied(run, id_document={"kind": "hkid", "number": "G123456(A)"})
    path = f"/staff/worker/{worker}/identity"
    bearer = run.bearer(STAFF, Role.STAFF)
    shown = await run.http.get(path, params={"purpose": "compare with card"}, headers=bearer)

    assert as_json(shown) == {
        "legal_name": "陳大文",
        "display_name": "陳師傅",
        "id_kind": "hkid",
        "id_number": "G123456A",
    }
    async with run.begin() as tx:
        kept = await tx.run("SELECT actor, purpose FROM reveals")
    assert {(row["actor"], row["purpose"]) for row in kept} == {(STAFF, "compare with card")}
    assert (await run.http.get(path, headers=bearer)).status_code == 422
    user = run.bearer(worker, Role.USER)
    assert (await run.http.get(path, params={"purpose": "me"}, headers=user)).status_code == 403


@pytest.mark.parametrize("move", ["approve", "reject", "grant", "suspend", "reinstate"])
async def test_decisions_are_for_staff_with_a_reason_about_somebody(
    run: Running, move: str
) -> None:
    path = f"/staff/worker/{new_id()}/{move}"
    body = GRANT if move in ("approve", "grant") else {"reason": "seen in person"}
    as_worker = run.headers(new_id(), Role.WORKER)
    assert (await run.http.post(path, json=body, headers=as_worker)).status_code == 403
    staff = run.headers(STAFF, Role.STAFF)
    bad = await run.http.post(path, json=body | {"reason": " "}, headers=staff)
    assert (bad.status_code, bad.json()["field"]) == (422, "body.reason")
    nobody = await run.http.post(path, json=body, headers=run.headers(STAFF, Role.STAFF))
    assert (nobody.status_code, code_of(nobody)) == (404, "worker-not-found")


@pytest.mark.parametrize("move", ["approve", "grant", "reinstate"])
async def test_staff_do_not_let_themselves_work(run: Running, move: str) -> None:
    oneself = await applied(run, STAFF)
    body = GRANT if move in ("approve", "grant") else {"reason": "seen in person"}
    refused = await decide(run, oneself, move, body)
    assert (refused.status_code, code_of(refused)) == (403, "own-file")
    assert await run.told(WorkerApproved) == []


async def test_what_staff_write_is_kept_without_numbers_of_people(run: Running) -> None:
    told = "His neighbour on 9123 4567 says: HKID G123456(A) is not his"
    refused, suspended = await applied(run), await approved(run)
    for worker, move in ((refused, "reject"), (suspended, "suspend"), (suspended, "reinstate")):
        as_json(await decide(run, worker, move, {"reason": told}))
    as_json(await decide(run, suspended, "suspend", {"reason": told}))
    as_json(await decide(run, suspended, "grant", GRANT | {"reason": told}))
    path, bearer = f"/staff/worker/{refused}/identity", run.bearer(STAFF, Role.STAFF)
    as_json(await run.http.get(path, params={"purpose": told}, headers=bearer))

    async with run.begin() as tx:
        kept = await tx.run(
            "SELECT reason FROM decisions WHERE reason LIKE 'His%' UNION ALL SELECT refusal FROM"
            " workers UNION ALL SELECT purpose FROM reveals UNION ALL SELECT body::text FROM outbox"
            " WHERE body::text LIKE '%neighbour%'"
        )
    assert len(kept) == 5 + 2 + 3 + 2
    for [text] in kept:
        assert "neighbour" in text
        assert "4567" not in text.replace(" ", "")
        assert "123456" not in text


@pytest.mark.parametrize(
    ("skills", "code"),
    [
        ([], "no-skill-granted"),
        ([{"code": "gas", "level": 1}], "skill-not-asked"),
    ],
)
async def test_an_approval_grants_something_that_was_asked(
    run: Running, skills: list[object], code: str
) -> None:
    worker = await applied(run)
    answer = await decide(run, worker, "approve", GRANT | {"skills": skills})
    assert (answer.status_code, code_of(answer)) == (422, code)
    assert await run.told(WorkerApproved) == []
