"""Sessions end by time, however somebody uses them at that moment."""

import asyncio
from uuid import UUID

import pytest

from services.user.domain.session import SessionId, token_digest
from services.user.storage.sessions import session_of_token_for_update
from services.user.use_cases.expire_session import expire_session
from shared.kit.ids import new_id
from tests.services.user.people import Person, log_in_by_wechat, log_out, refresh
from tests.support.service import Running

DAY = 86_400


async def sessions_in(user: Running) -> dict[SessionId, str]:
    """The state of each session."""
    async with user.begin() as tx:
        rows = await tx.run("SELECT id, state FROM sessions")
    return {SessionId(UUID(str(row["id"]))): row["state"] for row in rows}


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


async def test_what_is_over_or_unknown_stays_as_it_is(user: Running, ming: Person) -> None:
    [session] = await sessions_in(user)
    assert await log_out(user, ming.refresh_token) == 204
    async with user.begin() as tx:
        await expire_session(tx, session)
        await expire_session(tx, SessionId(new_id()))
    assert await sessions_in(user) == {session: "logged_out"}


@pytest.mark.race("session_for_update")
async def test_who_refreshes_while_the_session_ends_gets_no_token(
    user: Running, ming: Person
) -> None:
    [session] = await sessions_in(user)
    async with user.begin() as tx:
        await expire_session(tx, session)
        late = asyncio.create_task(refresh(user, ming.refresh_token))
        await asyncio.sleep(0.3)  # It waits for the session that is just ending.

    assert await late == (401, "refresh-token-refused")
    assert await sessions_in(user) == {session: "expired"}


@pytest.mark.race("session_of_token_for_update")
async def test_the_clock_and_who_logs_out_never_wait_for_each_other(user: Running) -> None:
    """The clock works from the first on, people from the last back; crosswise one would die."""
    people = [await log_in_by_wechat(user, f"last-{new_id()}") for _ in range(12)]
    user.clock.advance_to(user.clock.offset_seconds + 30 * DAY)

    async def leave() -> list[int]:
        return [await log_out(user, person.refresh_token) for person in reversed(people)]

    left, _, _ = await asyncio.gather(leave(), leave(), user.run_due())
    assert left == [204] * len(people)
    assert set((await sessions_in(user)).values()) <= {"logged_out", "expired"}
    async with user.begin() as tx:
        assert await tx.run("SELECT 1 FROM refresh_tokens") == []
        assert await tx.run("SELECT 1 FROM timers WHERE kind = 'expire_session'") == []


@pytest.mark.race("session_of_token_for_update")
async def test_the_clock_waits_for_who_uses_a_session_and_finds_its_timer_taken_back(
    user: Running, ming: Person
) -> None:
    user.clock.advance_to(user.clock.offset_seconds + 30 * DAY)
    async with user.begin() as tx:
        found = await session_of_token_for_update(tx, token_digest(ming.refresh_token))
        assert found is not None
        clock = asyncio.create_task(user.run_due())
        await asyncio.sleep(0.3)
        await tx.cancel_timer("expire_session", found[0].id)

    await clock
    assert list((await sessions_in(user)).values()) == ["active"]
