"""Mini-program login: a code is good once, the openid for ever."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.deploy.sandbox.world import credential, secret


@pytest.fixture
def asking(home: Path) -> dict[str, str]:
    """The query of a good request."""
    known = credential(home, "wechat_app")
    return {
        "appid": known["appid"],
        "secret": secret(home, known["secret_file"]),
        "js_code": "sandbox-chan",
        "grant_type": "authorization_code",
    }


async def ask(http: httpx.AsyncClient, query: dict[str, str]) -> dict[str, Any]:
    """What the login server answers: always 200."""
    answer = await http.get("/sns/jscode2session", params=query)
    assert answer.status_code == 200
    told: dict[str, Any] = answer.json()
    return told


async def test_a_code_is_good_once_and_further_codes_are_the_same_person(
    http: httpx.AsyncClient, asking: dict[str, str]
) -> None:
    first = await ask(http, asking)
    assert len(first["openid"]) == 28
    assert (await ask(http, asking))["errcode"] == 40163
    again = await ask(http, asking | {"js_code": "sandbox-chan.2"})
    assert again["openid"] == first["openid"]
    assert again["session_key"] != first["session_key"]
    other = await ask(http, asking | {"js_code": "sandbox-wong"})
    assert other["openid"] != first["openid"]


@pytest.mark.parametrize(
    ("change", "errcode"),
    [
        ({"appid": "wx0"}, 40013),
        ({"secret": "x"}, 40125),
        ({"js_code": "something"}, 40029),
        ({"js_code": "sandbox-"}, 40029),
        ({"js_code": "sandbox-a b"}, 40029),
        ({"js_code": ""}, 40029),
        ({"grant_type": "client_credential"}, 40002),
    ],
)
async def test_errors_have_the_true_codes(
    http: httpx.AsyncClient, asking: dict[str, str], change: dict[str, str], errcode: int
) -> None:
    assert (await ask(http, asking | change))["errcode"] == errcode
