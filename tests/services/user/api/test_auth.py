"""Logging in, staying in and getting out, over HTTP."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest

from services.user.storage.login_codes import LoginCode
from shared.contracts.user import UserRegistered
from shared.contracts.worker import WorkerApproved
from shared.kit.caller import Role
from shared.kit.ids import new_id
from tests.services.user.people import (
    Person,
    ask_code,
    code_of,
    codes_at,
    log_in_by_phone,
    log_in_by_wechat,
    new_phone,
    person_in,
)
from tests.support.sandbox import Sandbox
from tests.support.service import Running, as_json


async def ask(user: Running, phone: str, address: str = "203.0.113.7") -> tuple[int, str]:
    """Ask for a code: HTTP status and, if refused, when to come back."""
    answer = await user.http.post(
        "/auth/otp", json={"phone": phone}, headers={"X-Client-Ip": address}
    )
    return answer.status_code, answer.headers.get("retry-after", "")


async def try_code(user: Running, request_id: str, phone: str, code: str) -> tuple[int, str]:
    """Log in with a code: HTTP status and, if refused, the problem's code."""
    body = {"request_id": request_id, "phone": phone, "code": code}
    answer = await user.http.post("/auth/login/phone", json=body)
    return answer.status_code, "" if answer.is_success else code_of(answer)


def wrong(code: str, by: int = 1) -> str:
    """Another code than this."""
    return f"{(int(code) + by) % 1_000_000:06d}"


async def refresh(user: Running, token: str) -> tuple[int, str]:
    """Refresh: HTTP status and, if refused, the problem's code, else the next token."""
    answer = await user.http.post("/auth/refresh", json={"refresh_token": token})
    next_token = answer.json().get("refresh_token")
    return answer.status_code, str(next_token) if answer.is_success else code_of(answer)


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


async def test_wechat_logs_in_and_the_first_time_registers(user: Running) -> None:
    name = f"ling-{new_id()}"
    first, again = await log_in_by_wechat(user, name), await log_in_by_wechat(user, name)

    assert again.account_id == first.account_id
    assert len(await user.told(UserRegistered)) == 1


@pytest.mark.parametrize("code", ["nonsense", "sandbox-used.once"])
async def test_a_wrong_or_used_wechat_code_is_refused(user: Running, code: str) -> None:
    answers = [await user.http.post("/auth/login/wechat", json={"code": code}) for _ in range(2)]
    assert answers[1].status_code == 401
    assert code_of(answers[1]) == "wechat-code-refused"


async def test_ten_first_logins_at_once_open_one_account(user: Running) -> None:
    name = f"crowd-{new_id()}"
    people = await asyncio.gather(*(log_in_by_wechat(user, name) for _ in range(10)))

    assert len({person.account_id for person in people}) == 1
    assert len(await user.told(UserRegistered)) == 1
    async with user.begin() as tx:
        [row] = await tx.run("SELECT count(*) FROM subject_keys")
    assert row[0] == 1


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


async def test_a_phone_gets_one_code_a_minute_five_an_hour_ten_a_day(user: Running) -> None:
    phone = new_phone()

    assert await ask(user, phone) == (200, "")
    status, retry_after = await ask(user, phone)
    assert status == 429
    assert 55 <= int(retry_after) <= 60
    for _ in range(4):
        await user.pass_time(seconds=61)
        assert (await ask(user, phone))[0] == 200
    await user.pass_time(seconds=61)
    assert (await ask(user, phone))[0] == 429
    await user.pass_time(hours=1)
    for _ in range(5):
        assert (await ask(user, phone))[0] == 200
        await user.pass_time(seconds=61)
    await user.pass_time(hours=2)
    status, retry_after = await ask(user, phone)
    assert status == 429
    assert int(retry_after) > 12 * 3_600
    await user.pass_time(hours=24)
    assert (await ask(user, phone))[0] == 200


async def test_an_address_gets_twenty_codes_an_hour(user: Running) -> None:
    answers = [(await ask(user, new_phone(), "198.51.100.1"))[0] for _ in range(21)]
    assert answers == [200] * 20 + [429]
    assert (await ask(user, new_phone(), "198.51.100.2"))[0] == 200
    await user.pass_time(hours=1, seconds=1)
    assert (await ask(user, new_phone(), "198.51.100.1"))[0] == 200


async def test_the_limit_per_address_can_be_lifted_but_not_that_per_phone(
    service: Callable[..., Awaitable[Running]], sandbox: Sandbox
) -> None:
    user = await service("user", per_address_limits=False, **sandbox.settings())
    assert {(await ask(user, new_phone()))[0] for _ in range(25)} == {200}
    phone = new_phone()
    assert [(await ask(user, phone))[0] for _ in range(2)] == [200, 429]


async def test_thirty_asks_at_once_send_one_code(user: Running, sandbox: Sandbox) -> None:
    phone = new_phone()
    answers = await asyncio.gather(*(ask(user, phone, "198.51.100.9") for _ in range(30)))

    assert sorted(status for status, _ in answers) == [200] + [429] * 29
    assert len(await codes_at(sandbox, phone)) == 1


async def test_five_wrong_tries_end_a_code(user: Running, sandbox: Sandbox) -> None:
    phone = new_phone()
    request_id, code = await ask_code(user, sandbox, phone)

    for left in (4, 3, 2, 1, 0):
        body = {"request_id": request_id, "phone": phone, "code": wrong(code)}
        answer = await user.http.post("/auth/login/phone", json=body)
        assert (answer.status_code, code_of(answer)) == (401, "login-code-wrong")
        assert answer.json()["tries_left"] == left
    assert await try_code(user, request_id, phone, code) == (410, "login-code-over")


async def test_fifty_guesses_at_once_are_five_tries(user: Running, sandbox: Sandbox) -> None:
    phone = new_phone()
    request_id, code = await ask_code(user, sandbox, phone)
    guesses = [wrong(code, by) for by in range(1, 51)]
    answers = await asyncio.gather(*(try_code(user, request_id, phone, guess) for guess in guesses))

    assert answers.count((401, "login-code-wrong")) == 5
    assert answers.count((410, "login-code-over")) == 45


async def test_a_code_serves_once_however_many_use_it_at_once(
    user: Running, sandbox: Sandbox
) -> None:
    phone = new_phone()
    request_id, code = await ask_code(user, sandbox, phone)
    answers = await asyncio.gather(*(try_code(user, request_id, phone, code) for _ in range(10)))

    assert sorted(answers) == [(200, "")] + [(410, "login-code-over")] * 9


async def test_a_code_is_over_after_ten_minutes(user: Running, sandbox: Sandbox) -> None:
    phone = new_phone()
    request_id, code = await ask_code(user, sandbox, phone)
    await user.pass_time(minutes=10)

    assert await try_code(user, request_id, phone, code) == (410, "login-code-over")


async def test_a_code_is_bound_to_its_request_and_phone(user: Running, sandbox: Sandbox) -> None:
    phone, other = new_phone(), new_phone()
    request_id, code = await ask_code(user, sandbox, phone)
    other_id, _ = await ask_code(user, sandbox, other)

    assert await try_code(user, request_id, other, code) == (401, "login-code-wrong")
    assert await try_code(user, str(new_id()), phone, code) == (401, "login-code-wrong")
    assert (await try_code(user, other_id, other, code))[0] == 401
    assert (await try_code(user, request_id, phone, code))[0] == 200


async def test_codes_are_forgotten_after_a_day(user: Running, sandbox: Sandbox) -> None:
    request_id, _ = await ask_code(user, sandbox, new_phone())
    await user.pass_time(hours=23)
    async with user.begin() as tx:
        assert await tx.session.get(LoginCode, UUID(request_id)) is not None
    await user.pass_time(hours=1, seconds=1)
    async with user.begin() as tx:
        assert await tx.session.get(LoginCode, UUID(request_id)) is None


async def test_a_refresh_token_serves_once(user: Running, ming: Person) -> None:
    status, second = await refresh(user, ming.refresh_token)
    assert status == 200
    status, third = await refresh(user, second)
    assert status == 200
    assert len({ming.refresh_token, second, third}) == 3


async def test_a_refresh_token_used_twice_ends_the_whole_session(
    user: Running, ming: Person
) -> None:
    _, second = await refresh(user, ming.refresh_token)
    _, third = await refresh(user, second)

    assert await refresh(user, ming.refresh_token) == (401, "refresh-token-reused")
    assert await refresh(user, third) == (401, "refresh-token-refused")
    assert await refresh(user, ming.refresh_token) == (401, "refresh-token-refused")


async def test_two_devices_have_sessions_of_their_own(user: Running) -> None:
    name = f"two-{new_id()}"
    phone, tablet = await log_in_by_wechat(user, name), await log_in_by_wechat(user, name)
    await refresh(user, phone.refresh_token)
    await refresh(user, phone.refresh_token)

    assert (await refresh(user, tablet.refresh_token))[0] == 200


async def test_of_twenty_refreshes_at_once_one_wins_and_the_session_ends(
    user: Running, ming: Person
) -> None:
    answers = await asyncio.gather(*(refresh(user, ming.refresh_token) for _ in range(20)))

    won = [token for status, token in answers if status == 200]
    lost = [code for status, code in answers if status == 401]
    assert len(won) == 1
    assert lost.count("refresh-token-reused") == 1
    assert lost.count("refresh-token-refused") == 18
    assert await refresh(user, won[0]) == (401, "refresh-token-refused")


async def test_a_session_unused_for_thirty_days_is_over(user: Running, ming: Person) -> None:
    await user.pass_time(days=29)
    status, token = await refresh(user, ming.refresh_token)
    assert status == 200
    await user.pass_time(days=30)
    assert await refresh(user, token) == (401, "refresh-token-refused")
    async with user.begin() as tx:
        [session] = await tx.run("SELECT state FROM sessions")
        assert session["state"] == "expired"
        assert await tx.run("SELECT 1 FROM refresh_tokens") == []


async def test_no_session_lives_longer_than_ninety_days(user: Running, ming: Person) -> None:
    token = ming.refresh_token
    for _ in range(8):
        await user.pass_time(days=10)
        status, token = await refresh(user, token)
        assert status == 200
    await user.pass_time(days=10)
    assert (await refresh(user, token))[0] == 401


async def test_who_logs_out_gets_no_more_tokens(user: Running, ming: Person) -> None:
    for _ in range(2):
        answer = await user.http.post("/auth/logout", json={"refresh_token": ming.refresh_token})
        assert answer.status_code == 204
    assert await refresh(user, ming.refresh_token) == (401, "refresh-token-refused")


async def test_logging_out_and_refreshing_at_once_leave_no_way_in(user: Running) -> None:
    for _ in range(20):
        person = await log_in_by_wechat(user, f"race-{new_id()}")
        body = {"refresh_token": person.refresh_token}
        refreshed, _ = await asyncio.gather(
            user.http.post("/auth/refresh", json=body),
            user.http.post("/auth/logout", json=body),
        )
        if refreshed.is_success:
            assert (await refresh(user, refreshed.json()["refresh_token"]))[0] == 401


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
