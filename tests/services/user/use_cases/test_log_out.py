"""Logging out of one device."""

import pytest

from shared.kit.ids import new_id
from tests.services.user.people import Person, log_in_by_wechat, log_out, race, refresh
from tests.support.service import Running


async def test_who_logs_out_gets_no_more_tokens(user: Running, ming: Person) -> None:
    for _ in range(2):
        answer = await user.http.post("/auth/logout", json={"refresh_token": ming.refresh_token})
        assert answer.status_code == 204
    assert await refresh(user, ming.refresh_token) == (401, "refresh-token-refused")


async def test_the_other_devices_stay_in(user: Running) -> None:
    name = f"two-{new_id()}"
    phone, tablet = await log_in_by_wechat(user, name), await log_in_by_wechat(user, name)
    assert await log_out(user, phone.refresh_token) == 204

    assert (await refresh(user, phone.refresh_token))[0] == 401
    assert (await refresh(user, tablet.refresh_token))[0] == 200
    assert await log_out(user, "made up") == 204


@pytest.mark.race("session_of_token_for_update")
async def test_logging_out_and_refreshing_at_once_leave_no_way_in(user: Running) -> None:
    for turn in range(20):
        token = (await log_in_by_wechat(user, f"race-{new_id()}")).refresh_token

        async def stay(token: str = token) -> str:
            status, next_token = await refresh(user, token)
            return next_token if status == 200 else ""

        async def leave(token: str = token) -> str:
            assert await log_out(user, token) == 204
            return ""

        pair = (stay, leave) if turn % 2 else (leave, stay)
        tokens = await race(*pair, apart=0.002 * (turn % 4))
        for next_token in filter(None, tokens):
            assert (await refresh(user, next_token))[0] == 401
