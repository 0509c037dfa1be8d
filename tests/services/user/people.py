"""People for the tests of the user service: they log in as anybody would."""

import itertools
import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx

from services.user.domain.phone import e164
from shared.kit.ids import new_id
from tests.support.sandbox import Sandbox
from tests.support.service import Running, as_json

_numbers = itertools.count(61_000_001)

ADDRESS: dict[str, Any] = {
    "point": {"lat": 22.3829, "lng": 114.1903},
    "district": "ST",
    "region": "NT",
    "lines": {
        "estate": "Wisteria Estate",
        "building": "Harmony House",
        "block": "Block 7",
        "floor": "23/F",
        "flat": "Flat QX",
    },
    "label": "Mum's place",
    "has_lift": True,
    "steps": 12,
    "parking_note": "behind the wet market",
}


@dataclass
class Person:
    """Somebody who is logged in."""

    account_id: UUID
    access_token: str
    refresh_token: str
    roles: list[str]

    def headers(self, key: object = None) -> dict[str, str]:
        """Bearer and a fresh (or the given) Idempotency-Key."""
        return {
            "Authorization": f"Bearer {self.access_token}",
            "Idempotency-Key": str(key or new_id()),
        }


def new_phone() -> str:
    """A Hong Kong mobile number that nobody else here has."""
    return f"+852{next(_numbers)}"


def person_in(answer: httpx.Response) -> Person:
    """Who the tokens of a successful login speak for."""
    told = as_json(answer)
    id = UUID(told["account_id"])
    return Person(id, told["access_token"], told["refresh_token"], told["roles"])


async def codes_at(sandbox: Sandbox, phone: str) -> list[str]:
    """The codes that have come to a phone, oldest first."""
    async with httpx.AsyncClient() as http:
        answer = await http.get(f"{sandbox.url}/__sandbox/sms", params={"to": e164(phone)})
    bodies = [message["body"] for message in answer.json()["messages"]]
    return [found[0] for body in bodies if (found := re.search(r"\d{6}", body))]


async def ask_code(
    user: Running, sandbox: Sandbox, phone: str, address: str = ""
) -> tuple[str, str]:
    """Ask for a code and read it on the phone: request id and code."""
    headers = {"X-Client-Ip": address} if address else {}
    asked = as_json(await user.http.post("/auth/otp", json={"phone": phone}, headers=headers))
    return asked["request_id"], (await codes_at(sandbox, phone))[-1]


async def log_in_by_phone(user: Running, sandbox: Sandbox, phone: str) -> Person:
    """The whole way by SMS."""
    request_id, code = await ask_code(user, sandbox, phone)
    body = {"request_id": request_id, "phone": phone, "code": code}
    return person_in(await user.http.post("/auth/login/phone", json=body))


async def log_in_by_wechat(user: Running, name: str) -> Person:
    """The whole way by WeChat, with a fresh code of the person of this name."""
    body = {"code": f"sandbox-{name}.{new_id()}"}
    return person_in(await user.http.post("/auth/login/wechat", json=body))


async def add_address(user: Running, person: Person, **changes: Any) -> dict[str, Any]:
    """Add an address to somebody's book."""
    answer = await user.http.post("/me/addresses", json=ADDRESS | changes, headers=person.headers())
    added: dict[str, Any] = as_json(answer)
    return added


def code_of(answer: httpx.Response) -> str:
    """The problem code of a refusal."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return str(answer.json()["type"].rpartition("/")[2])
