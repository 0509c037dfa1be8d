"""Codes that are asked for: sent once, limited, forgotten."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest

from services.user.clients.sms import TwilioSms
from services.user.domain.login_code import LoginCodeState, PhoneUnreachable
from services.user.storage.login_codes import LoginCode
from services.user.use_cases.request_login_code import request_login_code
from shared.locales import Locale
from tests.services.user.people import ask, ask_code, codes_at, new_phone
from tests.support.sandbox import Sandbox
from tests.support.service import Running


async def test_a_phone_gets_one_code_a_minute_five_an_hour_ten_a_day(user: Running) -> None:
    phone = new_phone()

    assert await ask(user, phone) == (200, "")
    status, retry_after = await ask(user, phone)
    assert status == 429
    assert 55 <= int(retry_after) <= 60
    for _ in range(4):
        await user.pass_time(seconds=61)
        assert (await ask(user, phone))[0] == 200
    await user.pass_time(seconds=61)
    assert (await ask(user, phone))[0] == 429
    await user.pass_time(hours=1)
    for _ in range(5):
        assert (await ask(user, phone))[0] == 200
        await user.pass_time(seconds=61)
    await user.pass_time(hours=2)
    status, retry_after = await ask(user, phone)
    assert status == 429
    assert int(retry_after) > 12 * 3_600
    await user.pass_time(hours=24)
    assert (await ask(user, phone))[0] == 200


async def test_an_address_gets_twenty_codes_an_hour(user: Running) -> None:
    answers = [(await ask(user, new_phone(), "198.51.100.1"))[0] for _ in range(21)]
    assert answers == [200] * 20 + [429]
    assert (await ask(user, new_phone(), "198.51.100.2"))[0] == 200
    await user.pass_time(hours=1, seconds=1)
    assert (await ask(user, new_phone(), "198.51.100.1"))[0] == 200


async def test_an_ipv6_subscriber_has_one_limit_for_all_its_addresses(user: Running) -> None:
    mine = [f"2001:db8:7:1:{number:x}::1" for number in range(21)]
    assert [(await ask(user, new_phone(), one))[0] for one in mine] == [200] * 20 + [429]
    assert (await ask(user, new_phone(), "2001:db8:7:2::1"))[0] == 200


async def test_the_limit_per_address_can_be_lifted_but_not_that_per_phone(
    service: Callable[..., Awaitable[Running]], sandbox: Sandbox
) -> None:
    user = await service("user", per_address_limits=False, **sandbox.settings())
    assert {(await ask(user, new_phone()))[0] for _ in range(25)} == {200}
    phone = new_phone()
    assert [(await ask(user, phone))[0] for _ in range(2)] == [200, 429]


async def test_thirty_asks_at_once_send_one_code(user: Running, sandbox: Sandbox) -> None:
    phone = new_phone()
    answers = await asyncio.gather(*(ask(user, phone, "198.51.100.9") for _ in range(30)))

    assert sorted(status for status, _ in answers) == [200] + [429] * 29
    assert len(await codes_at(sandbox, phone)) == 1


async def test_a_code_that_the_carrier_does_not_take_is_given_up(
    user: Running, sandbox: Sandbox
) -> None:
    sms = TwilioSms(user.kit.http, sandbox.url, sandbox.credentials)
    rules = user.wiring.ports["code_rules"]
    with pytest.raises(PhoneUnreachable):
        await request_login_code(user.begin, sms, rules, "123456", "+0", "203.0.113.7", Locale.EN)
    async with user.begin() as tx:
        [row] = await tx.run("SELECT state FROM login_codes")
    assert row["state"] == LoginCodeState.UNSENT


async def test_codes_are_forgotten_after_a_day(user: Running, sandbox: Sandbox) -> None:
    request_id, _ = await ask_code(user, sandbox, new_phone())
    await user.pass_time(hours=23)
    async with user.begin() as tx:
        assert await tx.session.get(LoginCode, UUID(request_id)) is not None
    await user.pass_time(hours=1, seconds=1)
    async with user.begin() as tx:
        assert await tx.session.get(LoginCode, UUID(request_id)) is None
