"""The address that orders start from."""

import asyncio

import httpx
import pytest

from shared.contracts.user import AddressChanged
from tests.services.user.people import Person, add_address, defaults_of, patiently
from tests.support.service import Running, as_json


async def test_the_chosen_one_takes_the_place_of_the_other(user: Running, ming: Person) -> None:
    _, second = await add_address(user, ming), await add_address(user, ming)
    url = f"/me/addresses/{second['address_id']}/default"
    assert as_json(await user.http.put(url, headers=ming.headers()))["is_default"]
    assert await defaults_of(user, ming) == [second["address_id"]]


async def test_choosing_it_again_is_no_news(user: Running, ming: Person) -> None:
    url = f"/me/addresses/{(await add_address(user, ming))['address_id']}/default"
    as_json(await user.http.put(url, headers=ming.headers()))
    assert len(await user.told(AddressChanged)) == 1


@pytest.mark.race("account_for_update")
@pytest.mark.race("own_account_for_update")
async def test_fifty_choices_at_once_leave_exactly_one_default(user: Running, ming: Person) -> None:
    ids = [(await add_address(user, ming))["address_id"] for _ in range(5)]

    async def choose(id: str) -> httpx.Response:
        url = f"/me/addresses/{id}/default"
        return await patiently(lambda: user.http.put(url, headers=ming.headers()))

    answers = await asyncio.gather(*(choose(ids[turn % 5]) for turn in range(50)))

    assert {answer.status_code for answer in answers} == {200}
    assert len(await defaults_of(user, ming)) == 1
