"""The carrier's wire, as the sandbox checks it, and what its faults mean to us."""

from collections.abc import Awaitable, Callable

import httpx
import pytest

from services.user.clients.sms import TwilioSms
from shared.kit.errors import Unavailable
from tests.services.user.people import code_of, codes_at, new_phone
from tests.support.sandbox import Sandbox
from tests.support.service import Running


async def test_a_carrier_that_does_not_answer_is_told_as_unavailable(
    service: Callable[..., Awaitable[Running]], sandbox: Sandbox
) -> None:
    user = await service("user", **sandbox.settings() | {"SMS_URL": "http://127.0.0.1:9"})
    answer = await user.http.post("/auth/otp", json={"phone": new_phone()})
    assert (answer.status_code, code_of(answer)) == (503, "unavailable")
    # It counts all the same: a sick carrier is no way round the limits.
    async with user.begin() as tx:
        [row] = await tx.run("SELECT state FROM login_codes")
    assert row["state"] == "waiting"


async def test_a_number_that_the_carrier_refuses_is_told_by_field(
    user: Running, sandbox: Sandbox
) -> None:
    sms = TwilioSms(user.kit.http, sandbox.url, sandbox.credentials)
    from services.user.domain.login_code import PhoneUnreachable

    with pytest.raises(PhoneUnreachable) as refused:
        await sms.send("+0", "hello")
    assert refused.value.facts["field"] == "phone"


async def test_wrong_credentials_are_our_fault_not_the_persons(
    user: Running, sandbox: Sandbox, tmp_path: object
) -> None:
    from pathlib import Path

    folder = Path(str(tmp_path))
    (folder / "sms.json").write_text((sandbox.credentials / "sms.json").read_text())
    (folder / "sms.token").write_text("wrong")
    sms = TwilioSms(user.kit.http, sandbox.url, folder)
    with pytest.raises(Unavailable):
        await sms.send(new_phone(), "hello")


async def test_the_message_is_in_the_language_asked_for(user: Running, sandbox: Sandbox) -> None:
    phone = new_phone()
    await user.http.post("/auth/otp", json={"phone": phone}, headers={"Accept-Language": "en"})
    async with httpx.AsyncClient() as http:
        answer = await http.get(f"{sandbox.url}/__sandbox/sms", params={"to": phone})
    [message] = answer.json()["messages"]
    assert message["body"].startswith("JAJAYA login code")
    assert len(await codes_at(sandbox, phone)) == 1
