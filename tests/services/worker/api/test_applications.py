"""Applying to work over HTTP."""

import asyncio
import json
from typing import Any

import pytest

from shared.contracts.worker import WorkerApplied
from shared.kit.caller import Role
from shared.kit.ids import new_id
from tests.invariants.clear import in_clear
from tests.services.worker.given import ALL_WEEK, GRANT, application, applied, code_of, decide, put
from tests.support.service import Running, as_json


async def test_an_applicant_sees_masked_data_and_a_telling_list(run: Running) -> None:
    account = new_id()
    body = application(id_document={"kind": "hkid", "number": "C668668(9)"})
    answer = await run.http.post("/workers", json=body, headers=run.headers(account, Role.USER))

    assert answer.status_code == 201
    assert answer.json() == {
        "worker_id": str(account),
        "state": "applied",
        "applied_at": answer.json()["applied_at"],
        "display_name": "陳**",
        "id_number": "C66****(*)",
    }
    [told] = await run.told()
    assert told == WorkerApplied(worker_id=account)
    bearer = run.bearer(account, Role.USER)
    seen = as_json(await run.http.get("/workers/me/onboarding", headers=bearer))
    assert (seen["state"], seen["may_work"]) == ("applied", False)
    assert {step["step"]: step["state"] for step in seen["steps"]} == {
        "identity": "in_review",
        "skills": "in_review",
        "service_area": "valid",
        "working_hours": "missing",
    }


async def test_ten_equal_applications_are_one(run: Running) -> None:
    headers, body = run.headers(new_id(), Role.USER), application()
    asks = [run.http.post("/workers", json=body, headers=headers) for _ in range(10)]
    answers = await asyncio.gather(*asks)

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert sum("idempotent-replayed" in answer.headers for answer in answers) == 9
    assert len(await run.told(WorkerApplied)) == 1


async def test_one_document_serves_one_account_even_in_a_race(run: Running) -> None:
    document = application()["id_document"]
    asks = [
        run.http.post(
            "/workers",
            json=application(id_document=document),
            headers=run.headers(new_id(), Role.USER),
        )
        for _ in range(8)
    ]
    answers = await asyncio.gather(*asks)

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    spaced = {"kind": "hkid", "number": document["number"].lower().replace("(", " (")}
    headers = run.headers(new_id(), Role.USER)
    body = application(id_document=spaced)
    again = await run.http.post("/workers", json=body, headers=headers)
    assert code_of(again) == "identity-already-used"
    assert document["number"] not in again.text


async def test_a_second_application_is_refused_until_the_first_was(run: Running) -> None:
    worker = await applied(run)
    headers = run.headers(worker, Role.USER)
    again = await run.http.post("/workers", json=application(), headers=headers)
    assert code_of(again) == "already-applied"

    as_json(await decide(run, worker, "reject"))
    bearer = run.bearer(worker, Role.USER)
    refused = as_json(await run.http.get("/workers/me/onboarding", headers=bearer))
    assert refused["state"] == "rejected"
    assert refused["reason"]
    new = application(skills=[{"code": "deep_cleaning", "level": 1}], radius_m=900)
    again = await run.http.post("/workers", json=new, headers=run.headers(worker, Role.USER))
    assert again.status_code == 201
    assert again.json()["state"] == "applied"
    seen = as_json(await run.http.get("/workers/me/onboarding", headers=bearer))
    assert (seen["state"], seen["reason"]) == ("applied", None)
    async with run.begin() as tx:
        rows = await tx.run("SELECT code FROM worker_skills WHERE worker_id = $1", worker)
    assert [row["code"] for row in rows] == ["deep_cleaning"]


async def test_a_worker_with_everything_may_work(run: Running) -> None:
    worker = await applied(run)
    as_json(await decide(run, worker, "approve", GRANT))
    as_json(await put(run, worker, "schedule", {"shifts": ALL_WEEK}))

    bearer = run.bearer(worker, Role.USER)
    seen = as_json(await run.http.get("/workers/me/onboarding", headers=bearer))
    assert seen["may_work"] is True
    assert {step["step"]: step["missing"] for step in seen["steps"]}["skills"] == ["jump_start"]


async def test_somebody_who_never_applied_sees_every_step(run: Running) -> None:
    bearer = run.bearer(new_id(), Role.USER)
    seen = as_json(await run.http.get("/workers/me/onboarding", headers=bearer))
    assert seen["state"] is None
    assert {step["state"] for step in seen["steps"]} == {"missing"}


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"id_document": {"kind": "hkid", "number": "Z683365(5)"}}, "id-number-invalid", "id_doc"),
        ({"base": {"lat": 31.2, "lng": 121.4}}, "outside-hong-kong", "base"),
        ({"districts": ["XX"]}, "district-unknown", "districts.0"),
        ({"equipment": ["Flat Bed"]}, "code-invalid", "equipment.0"),
        ({"skills": [{"code": "9lives", "level": 1}]}, "code-invalid", "skills.0"),
        ({"skills": [{"code": "tow", "level": 1}] * 2}, "code-repeated", "skills.1"),
        ({"skills": [{"code": "tow", "level": 6}]}, "invalid-request", "body.skills.0.level"),
        ({"skills": [{"code": "tow", "level": True}]}, "invalid-request", "body.skills.0.level"),
        ({"skills": []}, "invalid-request", "body.skills"),
        ({"legal_name": " "}, "invalid-request", "body.legal_name"),
        ({"legal_name": "陳\x00大文"}, "invalid-request", "body.legal_name"),
        ({"radius_m": 10**12}, "invalid-request", "body.radius_m"),
        ({"base": {"lat": "NaN", "lng": 114.1}}, "invalid-request", "body.base.lat"),
        ({"colour": "red"}, "invalid-request", "body.colour"),
    ],
)
async def test_bad_input_names_field_and_reason_and_changes_nothing(
    run: Running, changes: dict[str, Any], code: str, field: str
) -> None:
    account = new_id()
    headers = run.headers(account, Role.USER)
    answer = await run.http.post("/workers", json=application(**changes), headers=headers)

    assert answer.status_code == 422
    assert code_of(answer) == code
    assert answer.json()["field"].startswith(field)
    assert answer.json()["reason"]
    assert await run.told() == []
    async with run.begin() as tx:
        assert await tx.run("SELECT 1 FROM workers") == []


async def test_nothing_personal_lies_in_clear(run: Running) -> None:
    await applied(run, id_document={"kind": "hkid", "number": "K000000(0)"})
    async with run.begin() as tx:
        tables = await tx.run("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for table in tables:
            if table["tablename"] != "alembic_version":
                rows = await tx.run(f"SELECT t::text FROM {table['tablename']} t")
                text = "\n".join(row[0] for row in rows)
                assert in_clear(("陳大文", "陳師傅", "K000000", "000000(0"), text) == []


async def test_only_a_user_applies_and_with_a_key(run: Running) -> None:
    account = new_id()
    no_key = run.bearer(account, Role.USER)
    answer = await run.http.post("/workers", json=application(), headers=no_key)
    assert (answer.status_code, code_of(answer)) == (400, "idempotency-key-missing")
    staff = run.headers(account, Role.STAFF)
    answer = await run.http.post("/workers", json=application(), headers=staff)
    assert (answer.status_code, code_of(answer)) == (403, "role-missing")
    assert (await run.http.post("/workers", json=application())).status_code == 401


async def test_text_that_is_no_unicode_is_refused(run: Running) -> None:
    body = json.dumps(application(legal_name="\ud800"))  # Half a character, as JSON can write it.
    headers = run.headers(new_id(), Role.USER) | {"Content-Type": "application/json"}
    answer = await run.http.post("/workers", content=body, headers=headers)
    assert (answer.status_code, answer.json()["field"]) == (422, "body.legal_name")
