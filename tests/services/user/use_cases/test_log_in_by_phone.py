"""A code that came by SMS: right, in time, once."""

import asyncio

import pytest

from shared.kit.ids import new_id
from tests.services.user.people import ask_code, code_of, new_phone, try_code, wrong
from tests.support.sandbox import Sandbox
from tests.support.service import Running


async def test_five_wrong_tries_end_a_code(user: Running, sandbox: Sandbox) -> None:
    phone = new_phone()
    request_id, code = await ask_code(user, sandbox, phone)

    for left in (4, 3, 2, 1, 0):
        body = {"request_id": request_id, "phone": phone, "code": wrong(code)}
        answer = await user.http.post("/auth/login/phone", json=body)
        assert (answer.status_code, code_of(answer)) == (401, "login-code-wrong")
        assert answer.json()["tries_left"] == left
    assert await try_code(user, request_id, phone, code) == (410, "login-code-over")


@pytest.mark.race("login_code_for_update")
async def test_fifty_guesses_at_once_are_five_tries(user: Running, sandbox: Sandbox) -> None:
    phone = new_phone()
    request_id, code = await ask_code(user, sandbox, phone)
    guesses = [wrong(code, by) for by in range(1, 51)]
    answers = await asyncio.gather(*(try_code(user, request_id, phone, guess) for guess in guesses))

    assert answers.count((401, "login-code-wrong")) == 5
    assert answers.count((410, "login-code-over")) == 45


@pytest.mark.race("login_code_for_update")
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


async def test_an_older_code_serves_beside_a_newer_one(user: Running, sandbox: Sandbox) -> None:
    """An SMS may come late; each code is bound to its own request."""
    phone = new_phone()
    first_id, first = await ask_code(user, sandbox, phone)
    await user.pass_time(minutes=1)
    second_id, second = await ask_code(user, sandbox, phone)

    assert await try_code(user, first_id, phone, first) == (200, "")
    assert await try_code(user, second_id, phone, second) == (200, "")
