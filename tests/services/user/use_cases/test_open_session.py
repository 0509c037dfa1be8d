"""A login opens a session of its own."""

from uuid import UUID

from services.user.domain.session import token_digest
from services.user.use_cases.open_session import open_session
from shared.contracts.ids import AccountId
from shared.kit.caller import Role
from shared.kit.ids import new_id
from tests.services.user.people import Person, log_in_by_wechat, refresh
from tests.support.service import Running


async def test_two_devices_have_sessions_of_their_own(user: Running) -> None:
    name = f"two-{new_id()}"
    phone, tablet = await log_in_by_wechat(user, name), await log_in_by_wechat(user, name)
    await refresh(user, phone.refresh_token)
    await refresh(user, phone.refresh_token)

    assert (await refresh(user, tablet.refresh_token))[0] == 200


async def test_only_the_hash_of_the_token_is_kept(user: Running, ming: Person) -> None:
    async with user.begin() as tx:
        rows = await tx.run("SELECT digest, used_at FROM refresh_tokens")
    assert [(row["digest"], row["used_at"]) for row in rows] == [
        (token_digest(ming.refresh_token), None)
    ]


async def test_an_opened_session_says_who_and_in_which_roles(user: Running, ming: Person) -> None:
    lifetimes = user.wiring.ports["lifetimes"]
    async with user.begin() as tx:
        opened = await open_session(tx, lifetimes, AccountId(ming.account_id), "a token")
        at = tx.now

    assert opened.account_id == ming.account_id
    assert opened.roles == {Role.USER}
    assert (opened.refresh_token, opened.at) == ("a token", at)
    assert "a token" not in repr(opened)
    async with user.begin() as tx:
        [timer] = await tx.run(
            "SELECT due_at FROM timers WHERE kind = 'expire_session' AND ref = $1",
            UUID(str(opened.session_id)),
        )
    assert timer["due_at"] == lifetimes.ends_at(at, at, opened.roles)
