"""A service's settings, and the kit built from them that ``app.py`` wires with.

Settings are read from the environment in ``process`` and passed down, never read at import. Shared
variables carry no prefix (``KAFKA_BOOTSTRAP``); a service's own do (``ORDER_DATABASE_URL``).
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import aiohttp
from fastapi import APIRouter
from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.kit.clock import OffsetClock
from shared.kit.database import engine_for
from shared.kit.http import Peer
from shared.kit.outbox import Waker
from shared.kit.session import Begin
from shared.kit.timers import Alarm, Timers
from shared.privacy.sealing import Keyring
from shared.tokens import ServiceTokens, SigningKey, UserTokens

READY_SECONDS = 1


def shared(variable: str, default: object = ...) -> object:
    """A field read from a variable that all services share."""
    return Field(default, validation_alias=variable)


class ServiceSettings(BaseSettings):
    """Subclass with ``model_config = SettingsConfigDict(env_prefix="ORDER_", ...)``."""

    model_config = SettingsConfigDict(extra="ignore", populate_by_name=True)
    name: ClassVar[str]  # "order": the service's name, its topic and its database.
    callers: ClassVar[frozenset[str]] = frozenset()  # Services that may call its /internal routes.

    host: str = "127.0.0.1"
    port: int
    database_url: str  # Serving role: no DDL, and only INSERT where a table is append-only.
    owner_database_url: str = ""  # Owner role; only ``migrate`` needs it.
    replica_database_url: str = ""  # Streaming replica for reads that may be stale.
    pool_size: int = 12  # Connections; the sum over all processes stays < max_connections - 10.
    instance: str = "0"  # Static group membership: one number a replica.
    signing_key_file: Path  # Private ES256 JWK that signs this service's internal calls.

    kafka_bootstrap: str = shared("KAFKA_BOOTSTRAP")  # type: ignore[assignment]
    kafka_long_poll: bool = shared("KAFKA_LONG_POLL", True)  # type: ignore[assignment]
    topic_prefix: str = shared("TOPIC_PREFIX", "jajaya")  # type: ignore[assignment]
    sandbox_url: str = shared("SANDBOX_URL", "")  # type: ignore[assignment]
    service_keys_dir: Path = shared("SERVICE_KEYS_DIR")  # type: ignore[assignment]
    kek_file: Path = shared("KEK_FILE")  # type: ignore[assignment]
    index_key_file: Path = shared("INDEX_KEY_FILE")  # type: ignore[assignment]
    jwks_url: str = shared("USER_JWKS_URL", "")  # type: ignore[assignment]
    log_level: str = shared("LOG_LEVEL", "info")  # type: ignore[assignment]
    request_bytes_max: int = 1_000_000  # Larger bodies are refused; file routes set their own.

    @field_validator("database_url", "owner_database_url", "replica_database_url")
    @classmethod
    def _is_async_postgres(cls, url: str) -> str:
        if url and not url.startswith("postgresql+asyncpg://"):
            raise ValueError("must start with postgresql+asyncpg://")
        if "changeme" in url:
            raise ValueError("still holds the sample password")
        return url


@dataclass
class Kit:
    """What a running service holds: its database, clock, keys and ways to its peers."""

    settings: ServiceSettings
    clock: OffsetClock
    engine: AsyncEngine
    begin: Begin
    begin_stale: Begin  # Reads that may be some seconds old: the replica, where there is one.
    keyring: Keyring
    user_tokens: UserTokens
    service_tokens: ServiceTokens
    http: aiohttp.ClientSession
    waker: Waker
    alarm: Alarm
    ports: dict[str, Any] = field(default_factory=dict)
    draining: bool = False

    @property
    def name(self) -> str:
        return self.settings.name

    def peer(self, name: str, url: str) -> Peer:
        """A sister service, called with this service's token."""
        return Peer(name, url, self.service_tokens, self.clock, self.http)

    def pool_in_use(self) -> int:
        return int(self.engine.pool.checkedout())  # type: ignore[attr-defined]

    async def not_ready(self) -> list[str]:
        """What is missing for serving: ``database``, ``broker`` or ``draining``; 1 s at most."""
        checks = {"database": self._ask_database(), "broker": self._ask_broker()}
        found = await asyncio.gather(*checks.values(), return_exceptions=True)
        failing = [name for name, result in zip(checks, found, strict=True) if result is not None]
        return [*failing, "draining"] if self.draining else failing

    async def _ask_database(self) -> None:
        async with asyncio.timeout(READY_SECONDS), self.begin.alone() as tx:
            await tx.run("SELECT 1")

    async def _ask_broker(self) -> None:
        asked = map(_hears, self.settings.kafka_bootstrap.split(","))
        for first in asyncio.as_completed(asked):
            if await first:
                return  # One is enough: it knows the others.
        raise ConnectionError


async def _hears(address: str) -> bool:
    host, _, port = address.strip().rpartition(":")
    with suppress(OSError):  # A time-out is one.
        async with asyncio.timeout(READY_SECONDS):
            _, writer = await asyncio.open_connection(host, int(port))
        writer.close()
        return True
    return False


@dataclass
class Wiring:
    """A service as its ``app.build(settings, kit)`` makes it: routes, timers, loops, ports."""

    description: str
    routers: Sequence[APIRouter]
    timers: Timers = field(default_factory=Timers)
    loops: Sequence[Callable[[], Awaitable[None]]] = ()  # Run beside relay, consumer and timers.
    ports: Mapping[str, Any] = field(default_factory=dict)  # Handed to routes by ``web.port``.


@asynccontextmanager
async def open_kit(
    settings: ServiceSettings, clock: OffsetClock | None = None
) -> AsyncIterator[Kit]:
    """Everything a service needs to serve, closed again at the end."""
    clock, waker, alarm, name = clock or OffsetClock(), Waker(), Alarm(), settings.name
    keyring = Keyring.load(settings.kek_file, settings.index_key_file)
    key = SigningKey.load(settings.signing_key_file)
    async with AsyncExitStack() as stack:
        connector = aiohttp.TCPConnector(limit=100, keepalive_timeout=30)
        http = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
        engine = engine_for(settings.database_url, name=name, pool_size=settings.pool_size)
        stack.push_async_callback(engine.dispose)
        stale, replica = engine, settings.replica_database_url
        if replica:
            stale = engine_for(replica, name=name, pool_size=settings.pool_size, read_only=True)
            stack.push_async_callback(stale.dispose)

        async def fetch_jwks() -> Any:
            async with http.get(settings.jwks_url) as answer:
                answer.raise_for_status()
                return await answer.json()

        yield Kit(
            settings=settings,
            clock=clock,
            engine=engine,
            begin=Begin(engine, clock, keyring, told=waker, due=alarm),
            begin_stale=Begin(stale, clock, keyring),
            keyring=keyring,
            user_tokens=UserTokens(fetch_jwks),
            service_tokens=ServiceTokens(name, key, settings.service_keys_dir, settings.callers),
            http=http,
            waker=waker,
            alarm=alarm,
        )
