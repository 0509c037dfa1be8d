"""Roles, and the commands that operators give."""

import asyncio

import pytest

from services.user.domain.account import AccountNotFound
from services.user.use_cases.grant_role import grant_role
from shared.contracts.ids import AccountId
from shared.contracts.user import RoleGranted
from shared.kit.caller import Role
from shared.kit.ids import new_id
from tests.services.user.people import Person
from tests.support.service import Running


async def test_ten_grants_at_once_are_told_once(user: Running, ming: Person) -> None:
    async def grant() -> None:
        async with user.begin() as tx:
            await grant_role(tx, AccountId(ming.account_id), Role.WORKER)

    await asyncio.gather(*(grant() for _ in range(10)))
    assert len(await user.told(RoleGranted)) == 1


async def test_nobody_gets_a_role_without_an_account(user: Running) -> None:
    with pytest.raises(AccountNotFound):
        async with user.begin() as tx:
            await grant_role(tx, new_id(), Role.WORKER)
