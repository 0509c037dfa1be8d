"""Where a journey plays: people who log in, what they ask the gateway, and what the topics tell.

Everything a journey prints was read from the public API, from the topics (by a consumer group of
its own) or from the ledger. Lag is wall time from the moment an event was told (its record's own
timestamp) until the journey had it, or from an act until its effect could be seen.
"""

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import httpx
from aiokafka import AIOKafkaConsumer

from deploy.local.bearer import bearer, log_in_by_phone
from deploy.local.record import Home

WAIT_SECONDS = 30
STAFF = "staff"
TOPICS = ("user", "order", "worker", "dispatch", "payment", "promotion")


class JourneyFailed(Exception):
    """Something a real user would have missed did not happen; with the refusal, if it was one."""

    def __init__(self, text: str, status: int = 0, code: str = "") -> None:
        super().__init__(text)
        self.status = status
        self.code = code


@dataclass
class Heard:
    """One event as the topics told it."""

    type: str
    key: str
    body: dict[str, Any]
    lag_seconds: float
    seen: bool = False


@dataclass
class Stage:
    """A running fleet, looked at from outside."""

    home: Home
    gateway: str
    sandbox: str
    record: dict[str, Any]
    http: httpx.AsyncClient
    quiet: bool = False
    lines: list[str] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    private: set[str] = field(default_factory=set)  # What must lie nowhere in clear.
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _ready: asyncio.Event = field(default_factory=asyncio.Event)
    _began: float = field(default_factory=time.monotonic)

    @classmethod
    @contextlib.asynccontextmanager
    async def on(cls, home: Path, *, quiet: bool = False) -> AsyncIterator[Self]:
        """Open the fleet of a home folder; ``fleet.json`` says where it serves."""
        record = Home(home).read()
        if not record:
            raise JourneyFailed("No fleet runs here: start one with `make up`.")
        urls = record["urls"]
        async with httpx.AsyncClient(timeout=20) as http:
            stage = cls(Home(home), urls["gateway"], urls["sandbox"], record, http, quiet)
            listening = asyncio.create_task(stage._listen())
            try:
                async with asyncio.timeout(WAIT_SECONDS):
                    await stage._ready.wait()
                yield stage
            finally:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)

    def say(self, text: str, lag_seconds: float | None = None) -> None:
        """One line of the story."""
        lag = "" if lag_seconds is None else f"  ({lag_seconds * 1000:.0f} ms)"
        line = f"{time.monotonic() - self._began:7.2f} s  {text}{lag}"
        self.lines.append(line)
        if not self.quiet:
            sys.stdout.write(line + "\n")
            sys.stdout.flush()

    async def _listen(self) -> None:
        """Hear every topic from now on, as a group of our own."""
        prefix = self.record["topic_prefix"]
        consumer = AIOKafkaConsumer(
            *(f"{prefix}.{topic}" for topic in TOPICS),
            bootstrap_servers=self.record["kafka_bootstrap"],
            group_id=f"journey-{uuid4()}",
            enable_auto_commit=False,
            auto_offset_reset="latest",
        )
        await consumer.start()
        try:
            while len(consumer.assignment()) < len(TOPICS):
                await consumer.getmany(timeout_ms=50)
            for part in consumer.assignment():
                await consumer.position(part)
            self._ready.set()
            async for record in consumer:
                headers = {name: value.decode() for name, value in record.headers}
                lag = max(0.0, time.time() - record.timestamp / 1000)
                body = json.loads(record.value)
                self.heard.append(Heard(headers["ce_type"], headers["ce_subject"], body, lag))
                self._news.set()
        finally:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(consumer.stop(), 3)

    async def event(
        self,
        type: str,
        key: str,
        where: Callable[[dict[str, Any]], bool] = lambda _: True,
        *,
        within_seconds: float = WAIT_SECONDS,
    ) -> Heard:
        """The next event of this type about this thing that no earlier line has told."""
        until = time.monotonic() + within_seconds
        while True:
            for heard in self.heard:
                if not heard.seen and heard.type == type and heard.key == key and where(heard.body):
                    heard.seen = True
                    return heard
            self._news.clear()
            left = until - time.monotonic()
            if left <= 0:
                told = sorted({heard.type for heard in self.heard if heard.key == key})
                raise JourneyFailed(f"{type} about {key} was not told; heard {told}")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), min(left, 0.5))

    async def told(self, type: str, key: str, text: str = "", **search: Any) -> Heard:
        """Wait for an event and tell it."""
        heard = await self.event(type, key, **search)
        self.say(f"  ⇢ {type:<28} {text}", heard.lag_seconds)
        return heard

    async def until(
        self, what: str, look: Callable[[], Any], *, within_seconds: float = WAIT_SECONDS
    ) -> Any:
        """Look again and again until there is something to see; it, and say how long it took."""
        began = time.monotonic()
        while True:
            seen = await look()
            if seen:
                self.say(f"  ✓ {what}", time.monotonic() - began)
                return seen
            if time.monotonic() - began > within_seconds:
                raise JourneyFailed(f"not within {within_seconds} s: {what}")
            await asyncio.sleep(0.05)

    async def advance(self, **of: float) -> None:
        """Move the whole fleet's clock on; nobody edits a due date."""
        seconds = timedelta(**of).total_seconds()
        answer = await self.http.post(
            f"{self.sandbox}/__sandbox/clock/advance", json={"seconds": seconds}, timeout=60
        )
        answer.raise_for_status()
        self.say(f"… {timedelta(seconds=seconds)} pass")

    async def person(self, name: str, phone: str = "") -> "Person":
        """Somebody of this name, logged in by WeChat or phone; the same account every time."""
        person = Person(self, name, phone)
        await person.log_in()
        return person

    async def staff(self) -> "Person":
        """The first member of staff, as ``make up`` made them."""
        person = Person(self, STAFF)
        await person.log_in()
        return person


@dataclass
class Person:
    """One account of the fleet and its tokens."""

    stage: Stage
    name: str
    phone: str = ""
    account_id: str = ""
    access: str = ""
    refresh: str = ""
    roles: list[str] = field(default_factory=list)

    async def log_in(self) -> None:
        """By a fresh WeChat code or the one that comes to their phone; staff by a kept session."""
        if self.name == STAFF:
            self.access = await bearer(self.stage.home, "staff", "staff")
            return
        if self.phone:
            self.stage.private.add(self.phone)
            self._keep(await log_in_by_phone(self.stage.gateway, self.stage.sandbox, self.phone))
            return
        answer = await self.stage.http.post(
            f"{self.stage.gateway}/api/v1/auth/login/wechat",
            json={"code": f"sandbox-{self.name}.{time.time_ns()}"},
        )
        self._keep(_whole(answer))

    def _keep(self, tokens: dict[str, Any]) -> None:
        self.access, self.refresh = tokens["access_token"], tokens["refresh_token"]
        self.account_id = tokens["account_id"]
        self.roles = [role.lower() for role in tokens["roles"]]

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str = "",
        expect: int | None = None,
        **more: Any,
    ) -> Any:
        """One request through the gateway, asked as the mini-program would; its JSON.

        A token that is over is exchanged once. ``expect`` names a refusal that is meant.
        """
        answer = await self._send(method, path, body, key or str(uuid4()), more)
        if answer.status_code == 401:
            await self.log_in()
            answer = await self._send(method, path, body, key or str(uuid4()), more)
        if expect is not None:
            if answer.status_code != expect:
                raise JourneyFailed(f"{method} {path}: {answer.status_code} {answer.text}")
            return answer.json()
        return _whole(answer)

    async def _send(
        self, method: str, path: str, body: Any, key: str, more: dict[str, Any]
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.access}"}
        if method == "POST":
            headers["Idempotency-Key"] = key
        url = f"{self.stage.gateway}/api/v1{path}"
        return await self.stage.http.request(method, url, json=body, headers=headers, **more)

    async def get(self, path: str, **query: Any) -> Any:
        return await self.ask("GET", path, params=query)

    async def post(self, path: str, body: Any = None, **more: Any) -> Any:
        return await self.ask("POST", path, {} if body is None else body, **more)

    async def put(self, path: str, body: Any) -> Any:
        return await self.ask("PUT", path, body)

    async def send_file(
        self, path: str, form: dict[str, str], file: tuple[str, bytes, str], key: str = ""
    ) -> Any:
        """One file with its form, as ``wx.uploadFile`` sends it."""
        key = key or str(uuid4())
        headers = {"Authorization": f"Bearer {self.access}", "Idempotency-Key": key}
        url = f"{self.stage.gateway}/api/v1{path}"
        files = {"photo": file}
        return _whole(await self.stage.http.post(url, data=form, files=files, headers=headers))


def _whole(answer: httpx.Response) -> Any:
    if not answer.is_success:
        asked = answer.request
        text = f"{asked.method} {asked.url.path}: {answer.status_code} {answer.text}"
        raise JourneyFailed(text, answer.status_code, _code(answer))
    return answer.json() if answer.content else None


def dollars(money: dict[str, Any]) -> str:
    """HK$ as people read it."""
    return f"{money['currency']} {money['minor'] / 100:,.2f}"


def _code(answer: httpx.Response) -> str:
    """The code of a problem document; empty for anything else."""
    if "problem+json" not in answer.headers.get("content-type", ""):
        return ""
    return str(answer.json().get("type", "")).rpartition("/")[2]
