"""The first login opens an account, once."""

import asyncio

import pytest

from services.user.domain.account import Identity, IdentityKind
from services.user.storage.accounts import open_phone, roles_of
from services.user.use_cases.register_account import register_account
from shared.contracts.user import UserRegistered
from shared.kit.caller import Role
from shared.kit.ids import new_id
from shared.locales import Locale
from tests.services.user.people import log_in_by_wechat, new_phone
from tests.support.service import Running, as_json


async def test_a_new_account_holds_the_user_role_and_its_phone_sealed(user: Running) -> None:
    phone = new_phone()
    async with user.begin() as tx:
        account = await register_account(tx, Identity(IdentityKind.PHONE, phone), Locale.EN)
    async with user.begin() as tx:
        assert await roles_of(tx, account.id) == {Role.USER}
        assert await open_phone(tx, account) == phone
    assert account.phone is not None
    assert phone.encode() not in account.phone
    assert account.openid is None


async def test_who_is_known_is_told_of_once_and_keeps_their_language(user: Running) -> None:
    identity = Identity(IdentityKind.PHONE, new_phone())
    async with user.begin() as tx:
        first = await register_account(tx, identity, Locale.EN)
    async with user.begin() as tx:
        again = await register_account(tx, identity, Locale.ZH_CN)

    assert (again.id, again.locale) == (first.id, Locale.EN)
    assert [event.account_id for event in await user.told(UserRegistered)] == [first.id]


@pytest.mark.parametrize("kind", IdentityKind)
async def test_a_phone_and_an_openid_of_the_same_letters_are_two_people(
    user: Running, kind: IdentityKind
) -> None:
    (other,) = set(IdentityKind) - {kind}
    async with user.begin() as tx:
        one = await register_account(tx, Identity(kind, "+85261234567"), Locale.EN)
        two = await register_account(tx, Identity(other, "+85261234567"), Locale.EN)
    assert one.id != two.id


async def test_ten_first_logins_at_once_open_one_account(user: Running) -> None:
    name = f"crowd-{new_id()}"
    people = await asyncio.gather(*(log_in_by_wechat(user, name) for _ in range(10)))

    assert len({person.account_id for person in people}) == 1
    assert len(await user.told(UserRegistered)) == 1
    async with user.begin() as tx:
        [row] = await tx.run("SELECT count(*) FROM subject_keys")
    assert row[0] == 1


async def test_the_first_login_keeps_the_language_of_the_request(user: Running) -> None:
    answer = await user.http.post(
        "/auth/login/wechat",
        json={"code": f"sandbox-en.{new_id()}"},
        headers={"Accept-Language": "en-GB,zh-HK;q=0.5"},
    )
    token = as_json(answer)["access_token"]
    me = as_json(await user.http.get("/me", headers={"Authorization": f"Bearer {token}"}))
    assert me["locale"] == "en"
