"""The limits per address as they are delivered: no launcher has lifted them here."""

import asyncio

from tests.gateway.toys import Door, code_of

IN_A_BURST = 200  # "200 per 2 seconds"
CODES_IN_AN_HOUR = 20


async def _ask(door: Door, method: str, path: str) -> tuple[int, str]:
    """HTTP status, and by what it was refused for being too many."""
    async with door.http.request(method, door.url + path, json={}) as got:
        if got.status != 429:
            return got.status, ""
        document = await got.json()
        assert code_of(document) == "too-many-requests"
        assert int(got.headers["retry-after"]) >= 1
        return got.status, document["counted_by"]


async def test_an_address_has_its_burst_and_no_more(door: Door) -> None:
    asked = [_ask(door, "GET", "/catalog/categories") for _ in range(2 * IN_A_BURST)]
    answers = await asyncio.gather(*asked)
    served = answers.count((200, ""))
    assert IN_A_BURST <= served <= 1.5 * IN_A_BURST  # Some seconds pass meanwhile.
    assert len(door.toy.heard) == served
    assert set(answers) == {(200, ""), (429, "address")}


async def test_an_address_asks_for_twenty_codes_an_hour(door: Door) -> None:
    answers = [await _ask(door, "POST", "/auth/otp") for _ in range(CODES_IN_AN_HOUR + 1)]
    assert answers == [(200, "")] * CODES_IN_AN_HOUR + [(429, "otp")]
    answers = [await _ask(door, "POST", "/auth/login/wechat") for _ in range(CODES_IN_AN_HOUR + 1)]
    assert answers == [(200, "")] * CODES_IN_AN_HOUR + [(429, "login")]
    assert (await _ask(door, "GET", "/catalog/categories"))[0] == 200
