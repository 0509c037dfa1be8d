"""Logging in, staying in and getting out, over HTTP."""

import pytest

from shared.contracts.user import UserRegistered
from shared.contracts.worker import WorkerApproved
from shared.kit.caller import Role
from tests.services.user.people import (
    Person,
    ask,
    log_in_by_phone,
    new_phone,
    person_in,
)
from tests.support.sandbox import Sandbox
from tests.support.service import Running, as_json


async def test_a_phone_logs_in_and_the_first_time_registers(
    user: Running, sandbox: Sandbox
) -> None:
    phone = new_phone()
    first = await log_in_by_phone(user, sandbox, phone)
    await user.pass_time(minutes=2)
    again = await log_in_by_phone(user, sandbox, phone.removeprefix("+852"))

    assert again.account_id == first.account_id
    assert first.roles == ["user"]
    assert [event.account_id for event in await user.told(UserRegistered)] == [first.account_id]
    me = as_json(await user.http.get("/me", headers=first.headers()))
    assert me["account_id"] == str(first.account_id)


async def test_known_and_unknown_phones_get_the_same_answers(
    user: Running, sandbox: Sandbox
) -> None:
    known, unknown = new_phone(), new_phone()
    await log_in_by_phone(user, sandbox, known)
    await user.pass_time(minutes=2)

    asked = [await user.http.post("/auth/otp", json={"phone": phone}) for phone in (known, unknown)]
    assert asked[0].status_code == asked[1].status_code == 200
    assert asked[0].json().keys() == asked[1].json().keys() == {"request_id", "expires_in"}
    tries = [
        await user.http.post(
            "/auth/login/phone",
            json={"request_id": asked[i].json()["request_id"], "phone": phone, "code": "000000"},
        )
        for i, phone in enumerate((known, unknown))
    ]
    assert tries[0].json() == tries[1].json()
    again = [await ask(user, phone) for phone in (known, unknown)]
    assert [status for status, _ in again] == [429, 429]


async def test_a_new_role_is_in_the_tokens_from_then_on(user: Running, ming: Person) -> None:
    await user.tell(WorkerApproved(worker_id=ming.account_id))
    answer = await user.http.post("/auth/refresh", json={"refresh_token": ming.refresh_token})

    fresh = person_in(answer)
    assert fresh.roles == ["user", "worker"]
    claims = await user.kit.user_tokens.verify(fresh.access_token, user.clock.now())
    assert claims.roles == {Role.USER, Role.WORKER}
    assert claims.account_id == ming.account_id


@pytest.mark.parametrize(
    ("route", "body", "field"),
    [
        ("/auth/otp", {"phone": "21234567"}, "phone"),
        ("/auth/otp", {"phone": "1" * 33}, "body.phone"),
        ("/auth/otp", {"phone": 61234567}, "body.phone"),
        ("/auth/otp", {}, "body.phone"),
        ("/auth/otp", {"phone": "61234567", "x": 1}, "body.x"),
        ("/auth/login/phone", {"request_id": "x", "phone": "6", "code": "1"}, "body.request_id"),
        ("/auth/login/wechat", {"code": ""}, "body.code"),
        ("/auth/refresh", {"refresh_token": "x" * 129}, "body.refresh_token"),
        ("/auth/refresh", {"refresh_token": None}, "body.refresh_token"),
        ("/auth/logout", [], "body"),
    ],
)
async def test_bad_input_is_refused_by_field(
    user: Running, route: str, body: object, field: str
) -> None:
    answer = await user.http.post(route, json=body)
    assert answer.status_code == 422
    assert answer.json()["field"] == field
    assert answer.json()["reason"]


async def test_text_that_no_database_can_hold_is_refused_not_a_fault(user: Running) -> None:
    bodies = [b'{"phone": "6123\\u0000567"}', b'{"phone": "\\ud800"}', b'{"\\ud800": 1}']
    for body in (*bodies, b"{", b"\xff"):
        headers = {"Content-Type": "application/json"}
        answer = await user.http.post("/auth/otp", content=body, headers=headers)
        assert answer.status_code in (400, 422)
    answer = await user.http.post("/auth/refresh", json={"refresh_token": "\x00"})
    assert answer.status_code == 401
