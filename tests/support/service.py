"""A service without its process: a fresh migrated database, a settable clock, its routes over HTTP.

``told`` reads what it has told, ``tell`` hands it an event as the broker would, ``pass_time`` moves
its clock and runs what falls due.
"""

import asyncio
import contextlib
import importlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import uvicorn
from fastapi import FastAPI

from deploy.local import secrets
from deploy.local.ports import any_free
from shared.kit.caller import Caller, Role
from shared.kit.clock import OffsetClock
from shared.kit.events import EVENTS, Envelope, Event
from shared.kit.ids import new_id
from shared.kit.inbox import Outcome, deliver, handlers_of
from shared.kit.runtime import Kit, Wiring, open_kit
from shared.kit.session import Begin
from shared.kit.web import new_app
from shared.run.process import Server
from shared.tokens import SigningKey, UserTokens, sign
from tests.support import databases
from tests.support.cluster import HOME, KAFKA, postgres_of
from tests.support.due import run_due

TOKEN_SECONDS = 900
PAUSES = (0.01,)  # Between the attempts of a handler that fails.
SERVICES = ("user", "order", "worker", "dispatch", "payment", "promotion")
OUTSIDE = ("WECHAT_API", "SMS", "WECHAT_PAY", "BANK", "OBJECT_STORE", "PUBLIC")
NOWHERE = [f"{name.upper()}_URL" for name in (*SERVICES, *OUTSIDE)]


@dataclass
class Told:
    """One event from a service's outbox."""

    event: Any
    envelope: Envelope


@dataclass
class Running:
    """One service under test."""

    name: str
    kit: Kit
    wiring: Wiring
    app: FastAPI
    http: httpx.AsyncClient
    url: str
    tokens: SigningKey
    clock: OffsetClock
    _versions: dict[tuple[str, UUID], int] = field(default_factory=dict)

    @property
    def begin(self) -> Begin:
        return self.kit.begin

    def bearer(self, account: UUID, *roles: Role) -> dict[str, str]:
        """The header of a person with these roles."""
        claims = {"sub": str(account), "roles": list(roles), "sid": str(new_id())}
        token = sign(self.tokens, claims, self.clock.now(), TOKEN_SECONDS)
        return {"Authorization": f"Bearer {token}"}

    def headers(self, account: UUID, *roles: Role, key: object = None) -> dict[str, str]:
        """Bearer and a fresh (or the given) Idempotency-Key."""
        return self.bearer(account, *roles) | {"Idempotency-Key": str(key or new_id())}

    def internal(self, caller: Caller, service: str) -> dict[str, str]:
        """The header of another service that acts for a caller."""
        folder = self.kit.settings.service_keys_dir.parent
        key = SigningKey.load(folder / f"{service}.jwk.json")
        claims = {"iss": service, "aud": self.name, "sub": str(caller.id), "role": caller.role}
        token = sign(key, claims, self.clock.now(), 300, "svc+jwt")
        return {"Authorization": f"Bearer {token}"}

    async def told(self, *types: type[Event]) -> list[Any]:
        """What the service has told so far, in order; only these types, if any are named."""
        return [told.event for told in await self.outbox(*types)]

    async def outbox(self, *types: type[Event]) -> list[Told]:
        """As ``told``, with the envelopes."""
        async with self.begin() as tx:
            rows = await tx.run("SELECT * FROM outbox ORDER BY seq")
        wanted = {kind.type for kind in types} or set(EVENTS)
        return [
            Told(
                EVENTS[row["type"]].model_validate_json(row["body"]),
                Envelope(row["id"], row["type"], "", row["key"], row["time"], row["version"]),
            )
            for row in rows
            if row["type"] in wanted
        ]

    def envelope(self, event: Event) -> Envelope:
        """The next envelope of the event's key at its publisher."""
        place = (event.publisher(), event.key())
        self._versions[place] = self._versions.get(place, 0) + 1
        now = self.clock.now()
        return Envelope(new_id(), event.type, "/test", event.key(), now, self._versions[place])

    async def tell(self, event: Event, envelope: Envelope | None = None) -> list[Outcome]:
        """Hand the event to each of the service's handlers, once."""
        envelope = envelope or self.envelope(event)
        body = event.model_dump_json()
        handlers = handlers_of(self.name).get(event.type, [])
        return [await deliver(self.begin, one, envelope, body, PAUSES) for one in handlers]

    async def tell_twice(self, event: Event) -> None:
        """Hand it over, and again: the second time must change nothing."""
        envelope = self.envelope(event)
        await self.tell(event, envelope)
        assert set(await self.tell(event, envelope)) <= {Outcome.SEEN}

    async def pass_time(self, **of: float) -> int:
        """Move the clock on and run whatever has fallen due; how many timers ran."""
        self.clock.advance_to(self.clock.offset_seconds + timedelta(**of).total_seconds())
        return await self.run_due()

    async def run_due(self) -> int:
        """Run what is due now, and what that makes due at once."""
        total = 0
        while ran := await run_due(self.wiring.timers, self.begin, self.clock):
            total += ran
            assert total < 10_000, "timers set each other off without end"
        return total


def _settings(
    environment: Mapping[str, str], name: str, keys: secrets.Secrets, database: str
) -> dict[str, Any]:
    """What any service needs to start; whom it calls is nowhere unless the test says where."""
    postgres = postgres_of(environment)
    signer = name if name in SERVICES else "order"  # A toy is no service with a key of its own.
    return {
        **dict.fromkeys(NOWHERE, "http://127.0.0.1:9"),
        "database_url": postgres.url(f"{name}_app", database),
        "owner_database_url": postgres.url(f"{name}_owner", database),
        "pool_size": 16,
        "signing_key_file": keys.signing_key(signer),
        "KAFKA_BOOTSTRAP": environment[KAFKA],
        "SERVICE_KEYS_DIR": keys.service_keys,
        "KEK_FILE": keys.kek,
        "INDEX_KEY_FILE": keys.index_key,
        "USER_TOKEN_KEYS_FILE": keys.user_token_keys,
        "USER_OTP_KEY_FILE": keys.otp_key,
        "SANDBOX_CREDENTIALS_DIR": Path(environment[HOME]) / "none",
    }


@contextlib.asynccontextmanager
async def running(
    environment: Mapping[str, str],
    name: str,
    *,
    serve: bool = False,
    package: str = "",
    **settings: Any,
) -> AsyncIterator[Running]:
    """One service on a fresh database. ``serve`` also opens a real port for its peers."""
    package = package or f"services.{name}"
    keys = secrets.make(Path(environment[HOME]) / "secrets")
    database = await databases.take(environment, name, package)
    build = importlib.import_module(f"{package}.app").build
    port = any_free() if serve else 1
    chosen = _settings(environment, name, keys, database) | {"port": port} | settings
    made = importlib.import_module(f"{package}.settings").Settings(**chosen)
    tokens = SigningKey.load(keys.user_token_keys)

    async def jwks() -> Any:
        return tokens.jwks

    clock = OffsetClock()
    try:
        async with open_kit(made, clock) as kit:
            kit.user_tokens = UserTokens(jwks)
            wiring = build(kit.settings, kit)
            app = new_app(kit, wiring)
            url = f"http://127.0.0.1:{port}"
            transport = httpx.ASGITransport(app)
            async with (
                _served(app, port) if serve else contextlib.nullcontext(),
                httpx.AsyncClient(transport=transport, base_url=url) as http,
            ):
                yield Running(name, kit, wiring, app, http, url, tokens, clock)
    finally:
        await databases.give_back(environment, name, database)


@contextlib.asynccontextmanager
async def _served(app: FastAPI, port: int) -> AsyncIterator[None]:
    config = uvicorn.Config(app, port=port, log_config=None)
    config.timeout_keep_alive = 75  # As in production.
    server = Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it.
        await asyncio.sleep(0.01)
    yield
    server.should_exit = True
    await task


def as_json(answer: httpx.Response) -> Any:
    """The answer's JSON, with the answer in the message when it is not a success."""
    assert answer.is_success, f"{answer.status_code} {answer.text}"
    return json.loads(answer.text)
