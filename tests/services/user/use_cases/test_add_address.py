"""New addresses, and the first of them."""

import asyncio

import pytest

from services.user.api.address_views import AddressBody
from services.user.domain.account import AccountNotFound
from services.user.domain.address import ADDRESSES_MAX
from services.user.use_cases.add_address import add_address as add
from shared.contracts.user import AddressChanged
from shared.kit.caller import Caller, Role
from shared.kit.ids import new_id
from tests.services.user.people import ADDRESS, Person, add_address, code_of, defaults_of
from tests.support.service import Running


async def test_the_first_address_is_the_default(user: Running, ming: Person) -> None:
    first, second = await add_address(user, ming), await add_address(user, ming)
    assert (first["is_default"], second["is_default"]) == (True, False)


@pytest.mark.race("account_for_update")
@pytest.mark.race("own_account_for_update")
async def test_ten_first_addresses_at_once_have_one_default(user: Running, ming: Person) -> None:
    await asyncio.gather(*(add_address(user, ming) for _ in range(10)))
    assert len(await defaults_of(user, ming)) == 1


async def test_an_address_book_has_an_end(user: Running, ming: Person) -> None:
    for _ in range(ADDRESSES_MAX):
        await add_address(user, ming)
    answer = await user.http.post("/me/addresses", json=ADDRESS, headers=ming.headers())
    assert (answer.status_code, code_of(answer)) == (409, "too-many-addresses")


async def test_what_is_told_names_the_address_and_nothing_of_its_lines(
    user: Running, ming: Person
) -> None:
    added = await add_address(user, ming)
    [told] = await user.told(AddressChanged)

    assert (told.account_id, str(told.address_id)) == (ming.account_id, added["address_id"])
    assert told.model_dump().keys() == {"account_id", "address_id", "removed"}


async def test_nobody_adds_an_address_without_an_account(user: Running) -> None:
    details = AddressBody.model_validate(ADDRESS).details()
    with pytest.raises(AccountNotFound):
        async with user.begin() as tx:
            await add(tx, Caller(new_id(), Role.USER), details, None)
    assert await user.told(AddressChanged) == []
