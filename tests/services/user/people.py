"""People for the tests of the user service: they log in as anybody would."""

import asyncio
import itertools
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

import httpx

from services.user.domain.phone import e164
from shared.kit.caller import Caller, Role
from shared.kit.ids import new_id
from tests.support.sandbox import Sandbox
from tests.support.service import Running, as_json

T = TypeVar("T")
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

    @property
    def caller(self) -> Caller:
        """As whom they act in a use case."""
        return Caller(self.account_id, Role.USER)

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


async def patiently(send: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
    """Send, and again while the service is too busy: a crowd here may outnumber its connections."""
    for _ in range(50):
        answer = await send()
        if answer.status_code != 503:
            break
        await asyncio.sleep(0.2)
    return answer


async def ask(user: Running, phone: str, address: str = "203.0.113.7") -> tuple[int, str]:
    """Ask for a code: HTTP status and, if refused, when to come back."""
    body, headers = {"phone": phone}, {"X-Client-Ip": address}
    answer = await patiently(lambda: user.http.post("/auth/otp", json=body, headers=headers))
    return answer.status_code, answer.headers.get("retry-after", "")


async def try_code(user: Running, request_id: str, phone: str, code: str) -> tuple[int, str]:
    """Log in with a code: HTTP status and, if refused, the problem's code."""
    body = {"request_id": request_id, "phone": phone, "code": code}
    answer = await patiently(lambda: user.http.post("/auth/login/phone", json=body))
    return answer.status_code, "" if answer.is_success else code_of(answer)


def wrong(code: str, by: int = 1) -> str:
    """Another code than this."""
    return f"{(int(code) + by) % 1_000_000:06d}"


async def refresh(user: Running, token: str) -> tuple[int, str]:
    """Refresh: HTTP status and, if refused, the problem's code, else the next token."""
    body = {"refresh_token": token}
    answer = await patiently(lambda: user.http.post("/auth/refresh", json=body))
    next_token = answer.json().get("refresh_token")
    return answer.status_code, str(next_token) if answer.is_success else code_of(answer)


async def log_out(user: Running, token: str) -> int:
    """Log out: HTTP status."""
    answer = await user.http.post("/auth/logout", json={"refresh_token": token})
    return answer.status_code


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


async def book_of(user: Running, person: Person) -> list[dict[str, Any]]:
    """Somebody's address book, newest first."""
    answer = await user.http.get("/me/addresses?limit=100", headers=person.headers())
    items: list[dict[str, Any]] = as_json(answer)["items"]
    return items


async def defaults_of(user: Running, person: Person) -> list[str]:
    """The ids of somebody's default addresses; there should be one."""
    book = await book_of(user, person)
    return [str(address["address_id"]) for address in book if address["is_default"]]


async def race(*contenders: Callable[[], Awaitable[T]], apart: float = 0) -> list[T]:
    """Contenders for one lock, let go from a barrier; the later ones that many seconds later."""
    barrier = asyncio.Barrier(len(contenders))

    async def run(place: int, contend: Callable[[], Awaitable[T]]) -> T:
        await barrier.wait()
        await asyncio.sleep(place * apart)
        return await contend()

    return await asyncio.gather(*(run(place, one) for place, one in enumerate(contenders)))


def code_of(answer: httpx.Response) -> str:
    """The problem code of a refusal."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return str(answer.json()["type"].rpartition("/")[2])
