"""Those who ask: users made by WeChat login, so that the limits of each account can stay on."""

import asyncio
import itertools
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from tests.bench.wire import Answer, Line, Refused

TOKEN_SECONDS = 600  # Served for fifteen minutes; asked for anew well before.
AT_ONCE = 8
AGAIN = (429, 502, 503, 504)
RETRY_SECONDS = (0.2, 0.5, 1, 2, 4)
_run = f"{os.getpid():x}{time.time_ns() // 1_000_000 % 10**8:x}"
_codes, _groups = itertools.count(), itertools.count()


@dataclass
class Person:
    """An account of the fleet and its token."""

    name: str
    account_id: str = ""
    access: str = ""
    got_at: float = 0.0
    roles: Sequence[str] = ()

    @property
    def code(self) -> str:
        """A fresh WeChat code of this person; each serves once."""
        return f"sandbox-{self.name}.{time.time_ns()}{next(_codes)}"

    @property
    def headers(self) -> dict[str, str]:
        """What each request of this person carries."""
        return {"authorization": f"Bearer {self.access}"}

    async def log_in(self, line: Line) -> None:
        """By WeChat; the same name is the same account."""
        tokens = await line.ask("POST", "/api/v1/auth/login/wechat", {"code": self.code})
        self.access, self.account_id = tokens["access_token"], tokens["account_id"]
        self.roles = [str(role).lower() for role in tokens["roles"]]
        self.got_at = time.monotonic()


class Asker:
    """A connection to the gateway, through which people ask; how long each route took is kept."""

    def __init__(self, gateway: str) -> None:
        self.line = Line(gateway)
        self.took: dict[str, list[float]] = {}
        self.retries = 0
        self.began = 0.0  # When the last request was sent.

    async def ask(
        self, who: Person, method: str, path: str, body: Any = None, *, route: str = ""
    ) -> Any:
        """One request; its JSON. Raises Refused, OSError, TimeoutError."""
        if time.monotonic() - who.got_at > TOKEN_SECONDS:
            await who.log_in(self.line)
        headers = who.headers
        if method == "POST":
            headers["idempotency-key"] = str(uuid4())
        self.began = time.monotonic()
        told = await self._told(method, f"/api/v1{path}", body, headers)
        self.took.setdefault(f"{method} {route or path}", []).append(time.monotonic() - self.began)
        return told

    async def _told(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Any:
        """The answer; who is told to come back does so with the same key, as the app would."""
        for pause in RETRY_SECONDS:
            try:
                return await self.line.ask(method, path, body, headers)
            except Refused as refused:
                if refused.status not in AGAIN and not refused.is_running:
                    raise
            self.retries += 1
            await asyncio.sleep(pause)
        return await self.line.ask(method, path, body, headers)

    async def send_photo(
        self, who: Person, path: str, form: dict[str, str], photo: bytes, *, route: str
    ) -> Any:
        """A photo of the work with its form, as the mini-program sends it."""
        cut = uuid4().hex
        fields = "".join(
            f'--{cut}\r\ncontent-disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in form.items()
        )
        file = (
            f'--{cut}\r\ncontent-disposition: form-data; name="photo"; filename="photo.jpg"\r\n'
            "content-type: image/jpeg\r\n\r\n"
        )
        body = fields.encode() + file.encode() + photo + f"\r\n--{cut}--\r\n".encode()
        headers = who.headers | {
            "idempotency-key": str(uuid4()),
            "content-type": f"multipart/form-data; boundary={cut}",
        }
        self.began = time.monotonic()
        asked = self.line.request("POST", f"/api/v1{path}", headers, body)
        answer: Answer = await self.line.send(asked)
        if answer.status >= 300:
            raise Refused(f"POST {path}", answer.status, answer.body.decode(errors="replace"))
        took = time.monotonic() - self.began
        self.took.setdefault(f"POST {route}", []).append(took)
        return answer.json()

    def close(self) -> None:
        """Hang up."""
        self.line.close()


async def users(gateway: str, count: int, what: str = "user") -> list[Person]:
    """This many new accounts, logged in by WeChat."""
    group = next(_groups)
    people = [Person(f"{what}-{_run}-{group}-{number}") for number in range(count)]
    waiting = iter(people)

    async def log_in() -> None:
        async with Line(gateway) as line:
            for person in waiting:
                await person.log_in(line)

    await asyncio.gather(*(log_in() for _ in range(AT_ONCE)))
    return people


def in_turn(people: Sequence[Person]) -> Iterator[Person]:
    """One after the other, without end: nobody asks more often than a person may."""
    return itertools.cycle(people)


def took_by_route(askers: Sequence[Asker]) -> dict[str, list[float]]:
    """Each route's times over all connections."""
    together: dict[str, list[float]] = {}
    for asker in askers:
        for route, times in asker.took.items():
            together.setdefault(route, []).extend(times)
    return together
