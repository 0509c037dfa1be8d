"""What people say about themselves."""

import pytest

from services.user.domain.account import AccountNotFound
from services.user.storage.accounts import open_display_name
from services.user.use_cases.change_profile import change_profile
from shared.kit.caller import Caller, Role
from shared.kit.ids import new_id
from shared.locales import Locale
from tests.services.user.people import Person
from tests.support.service import Running, as_json


async def test_what_is_not_given_stays(user: Running, ming: Person) -> None:
    await user.http.put("/me", json={"display_name": "Carol"}, headers=ming.headers())
    await user.http.put("/me", json={"large_text": True}, headers=ming.headers())
    me = as_json(await user.http.put("/me", json={}, headers=ming.headers()))
    assert (me["display_name"], me["large_text"], me["locale"]) == ("C***", True, "zh-HK")
    me = as_json(await user.http.put("/me", json={"display_name": ""}, headers=ming.headers()))
    assert me["display_name"] == ""


async def test_a_name_is_kept_sealed_and_without_its_margins(user: Running, ming: Person) -> None:
    async with user.begin() as tx:
        account = await change_profile(tx, ming.caller, "  陳大文 ", Locale.ZH_CN, None)
    assert (account.locale, account.large_text) == (Locale.ZH_CN, False)
    assert account.display_name is not None
    assert "陳".encode() not in account.display_name
    async with user.begin() as tx:
        assert await open_display_name(tx, account) == "陳大文"


async def test_a_name_of_blanks_is_forgotten(user: Running, ming: Person) -> None:
    for name in ("Carol", "   "):
        async with user.begin() as tx:
            account = await change_profile(tx, ming.caller, name, None, None)
    assert account.display_name is None


async def test_nobody_changes_a_profile_without_an_account(user: Running) -> None:
    with pytest.raises(AccountNotFound):
        async with user.begin() as tx:
            await change_profile(tx, Caller(new_id(), Role.USER), "Carol", None, None)
