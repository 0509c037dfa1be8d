"""A refresh token serves once; its second use is a theft."""

import asyncio

import pytest

from services.user.__main__ import grant_staff
from tests.services.user.people import Person, log_in_by_phone, new_phone, refresh
from tests.support.sandbox import Sandbox
from tests.support.service import Running


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


@pytest.mark.race("session_of_token_for_update")
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


async def test_no_session_lives_longer_than_ninety_days(user: Running, ming: Person) -> None:
    token = ming.refresh_token
    for _ in range(8):
        await user.pass_time(days=10)
        status, token = await refresh(user, token)
        assert status == 200
    await user.pass_time(days=10)
    assert (await refresh(user, token))[0] == 401


async def test_staff_are_out_after_twelve_hours_however_busy(
    user: Running, sandbox: Sandbox
) -> None:
    phone = new_phone()
    await grant_staff(user.kit, [phone])
    token = (await log_in_by_phone(user, sandbox, phone)).refresh_token
    for _ in range(2):
        await user.pass_time(hours=5)
        answer = await user.http.post("/auth/refresh", json={"refresh_token": token})
        token = answer.json()["refresh_token"]
    await user.pass_time(hours=2)
    answer = await user.http.post("/auth/refresh", json={"refresh_token": token})
    assert answer.status_code == 401


async def test_a_token_that_nobody_was_given_is_refused(user: Running) -> None:
    assert await refresh(user, "made up") == (401, "refresh-token-refused")
