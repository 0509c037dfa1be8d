"""Removed addresses, and who takes the default's place."""

import asyncio

from shared.contracts.user import AddressChanged
from tests.services.user.people import Person, add_address, book_of, defaults_of
from tests.support.service import Running


async def test_deleting_the_default_promotes_the_latest(user: Running, ming: Person) -> None:
    first, _, third = [await add_address(user, ming) for _ in range(3)]
    url = f"/me/addresses/{first['address_id']}"
    assert (await user.http.delete(url, headers=ming.headers())).status_code == 204

    assert await defaults_of(user, ming) == [third["address_id"]]
    assert (await user.http.get(url, headers=ming.headers())).status_code == 404
    told = await user.told(AddressChanged)
    assert [event.removed for event in told] == [False, False, False, True]


async def test_removing_another_leaves_the_default(user: Running, ming: Person) -> None:
    first, second = await add_address(user, ming), await add_address(user, ming)
    url = f"/me/addresses/{second['address_id']}"
    assert (await user.http.delete(url, headers=ming.headers())).status_code == 204
    assert await defaults_of(user, ming) == [first["address_id"]]


async def test_the_last_address_has_no_heir(user: Running, ming: Person) -> None:
    url = f"/me/addresses/{(await add_address(user, ming))['address_id']}"
    assert (await user.http.delete(url, headers=ming.headers())).status_code == 204
    assert await book_of(user, ming) == []
    assert (await add_address(user, ming))["is_default"]


async def test_adding_choosing_and_removing_at_once_leave_exactly_one_default(
    user: Running, ming: Person
) -> None:
    ids = [(await add_address(user, ming))["address_id"] for _ in range(6)]

    async def remove(id: str) -> int:
        return (await user.http.delete(f"/me/addresses/{id}", headers=ming.headers())).status_code

    async def choose(id: str) -> int:
        url = f"/me/addresses/{id}/default"
        return (await user.http.put(url, headers=ming.headers())).status_code

    removing = asyncio.gather(*(remove(id) for id in ids[:4]))
    choosing = asyncio.gather(*(choose(id) for id in ids[:4]))
    adding = asyncio.gather(*(add_address(user, ming) for _ in range(3)))
    removed, chosen, _ = await asyncio.gather(removing, choosing, adding)

    assert removed == [204] * 4
    assert set(chosen) <= {200, 404}
    assert len(await book_of(user, ming)) == 5
    assert len(await defaults_of(user, ming)) == 1
