"""The message carrier takes Twilio's form, and what it took can be read on the phone."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.deploy.sandbox.world import basic, credential, secret


@pytest.fixture
def carrier(home: Path) -> dict[str, Any]:
    """The account with its token."""
    known = credential(home, "sms")
    return known | {"token": secret(home, known["auth_token_file"])}


async def send(
    http: httpx.AsyncClient, carrier: dict[str, Any], token: str | None = None, **form: str
) -> httpx.Response:
    """Send a message."""
    sid = carrier["account_sid"]
    return await http.post(
        f"/2010-04-01/Accounts/{sid}/Messages.json",
        data={"To": "+85261234567", "From": carrier["from"], "Body": "123456"} | form,
        headers={"Authorization": basic(sid, token or carrier["token"])},
    )


async def test_a_message_sent_can_be_read(http: httpx.AsyncClient, carrier: dict[str, Any]) -> None:
    sent = await send(http, carrier, Body="您的驗證碼 123456 & more")
    assert sent.status_code == 201
    assert (sent.json()["status"], sent.json()["sid"][:2]) == ("queued", "SM")
    await send(http, carrier, Body="second")
    await send(http, carrier, To="+85269999999")
    for written in ("+85261234567", "%2B85261234567"):
        messages = (await http.get(f"/__sandbox/sms?to={written}")).json()["messages"]
        assert [m["body"] for m in messages] == ["您的驗證碼 123456 & more", "second"]
    after = messages[0]["seq"]
    later = (await http.get(f"/__sandbox/sms?to=%2B85261234567&after={after}")).json()["messages"]
    assert [m["body"] for m in later] == ["second"]


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"To": ""}, 21604),
        ({"To": "61234567"}, 21211),
        ({"From": ""}, 21603),
        ({"From": "+85299999999"}, 21606),
        ({"Body": ""}, 21602),
        ({"Body": "x" * 1601}, 21617),
    ],
)
async def test_wrong_forms_are_refused_in_the_carriers_shape(
    http: httpx.AsyncClient, carrier: dict[str, Any], form: dict[str, str], code: int
) -> None:
    answer = await send(http, carrier, **form)
    assert answer.status_code == 400
    assert (answer.json()["code"], answer.json()["status"]) == (code, 400)


async def test_strangers_are_refused(http: httpx.AsyncClient, carrier: dict[str, Any]) -> None:
    assert (await send(http, carrier, token="wrong")).json()["code"] == 20003
    bare = await http.post(f"/2010-04-01/Accounts/{carrier['account_sid']}/Messages.json")
    assert (bare.status_code, bare.json()["code"]) == (401, 20003)
    other = await send(http, carrier | {"account_sid": "AC0"})
    assert other.status_code == 401
