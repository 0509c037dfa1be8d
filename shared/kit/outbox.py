"""Events out: one relay a service carries what was told from its database to Kafka.

Rows leave in ``seq`` order while ``sent_at`` is empty (never ``id > last``: sequences commit out of
order), and are marked only after the broker's acknowledgement: a crash in between sends twice and
loses nothing. One relay at a time holds the advisory lock; another takes over when it dies.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

import asyncpg
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from shared.kit import metrics
from shared.kit.events import Envelope
from shared.kit.log import get_logger

BATCH = 500
ACK_SECONDS = 10  # An idempotent producer never times out by itself (reliability 7.3).
POLL_SECONDS, IDLE_POLL_SECONDS, IDLE_AFTER_SECONDS = 0.2, 1.0, 30
_RELAY_LOCK = 0x4A41_0B0C
CHANNEL = "outbox"

_UNSENT = """
SELECT seq, id, type, topic, compacted, key, version, time, body, traceparent, causation
FROM outbox WHERE sent_at IS NULL ORDER BY seq LIMIT $1
"""
_SENT = "UPDATE outbox SET sent_at = clock_timestamp() WHERE seq = ANY($1::bigint[])"
_REPLAY = "UPDATE outbox SET sent_at = NULL WHERE sent_at IS NOT NULL AND written_at >= $1"
_DEPTH = """
SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(written_at)), 0)
FROM outbox WHERE sent_at IS NULL
"""

log = get_logger(__name__)


class Waker:
    """Tells the relay that something waits: in this process at once, to others by NOTIFY.

    The hint is sent after the commit and many commits share one: a NOTIFY inside each commit
    would make all commits of the server queue for one lock (reliability 7.2).
    """

    def __init__(self) -> None:
        self._told = asyncio.Event()

    def __call__(self) -> None:
        self._told.set()

    async def wait(self, seconds: float) -> bool:
        """True if woken before the time was over."""
        # Not wait_for: on Python 3.11 it may swallow the cancellation that ends the loop.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._told.wait()
        woken = self._told.is_set()
        self._told.clear()
        return woken

    async def notify_others(self, url: str) -> None:
        """For a process without a relay: pass the hint on to the one that has it."""
        while True:
            with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                async with _connection(url, "outbox-hint") as connection:
                    while True:
                        if await self.wait(60):
                            await connection.execute(f"NOTIFY {CHANNEL}")
            await asyncio.sleep(IDLE_POLL_SECONDS)


class Relay:
    """Carries the outbox of one service to the broker until cancelled."""

    def __init__(self, url: str, bootstrap: str, prefix: str, waker: Waker, name: str) -> None:
        self._url = url
        self._bootstrap = bootstrap
        self._prefix = prefix
        self._waker = waker
        self._name = name
        self._producer: AIOKafkaProducer | None = None

    async def run(self) -> None:
        """Hold the lock, send, and begin again after any loss of database or broker."""
        while True:
            try:
                async with _connection(self._url, f"{self._name}-relay") as connection:
                    if await connection.fetchval("SELECT pg_try_advisory_lock($1)", _RELAY_LOCK):
                        await connection.add_listener(CHANNEL, lambda *_: self._waker())
                        await self._carry(connection)
            except (OSError, TimeoutError, KafkaError) as lost:
                log.warning("relay.interrupted", reason=type(lost).__name__)
            except (asyncpg.PostgresError, asyncpg.InterfaceError) as lost:
                log.warning("relay.database_lost", reason=type(lost).__name__)
            finally:
                await self._drop_producer()
            await asyncio.sleep(IDLE_POLL_SECONDS)

    async def _carry(self, connection: Any) -> None:
        idle_since = time.monotonic()
        while True:
            if await self.send_batch(connection):
                idle_since = time.monotonic()
                continue
            idle = time.monotonic() - idle_since > IDLE_AFTER_SECONDS
            await self._waker.wait(IDLE_POLL_SECONDS if idle else POLL_SECONDS)

    async def send_batch(self, connection: Any) -> int:
        """Send what waits, up to a batch, and mark it; how many."""
        rows = await connection.fetch(_UNSENT, BATCH)
        if rows:
            await self._send(rows)
            await connection.execute(_SENT, [row["seq"] for row in rows])
        if len(rows) in (0, BATCH):
            depth, age = await connection.fetchrow(_DEPTH) if rows else (0, 0)
            metrics.outbox_unsent.set(depth)
            metrics.outbox_oldest_seconds.set(float(age))
        return len(rows)

    async def _send(self, rows: Sequence[asyncpg.Record]) -> None:
        if self._producer is None:
            self._producer = new_producer(self._bootstrap)
            await asyncio.wait_for(self._producer.start(), ACK_SECONDS)
        acks = []
        for row in rows:
            headers, key, body = _envelope(row).headers(), row["key"].bytes, row["body"].encode()
            for topic in filter(None, (row["topic"], row["compacted"])):
                name = f"{self._prefix}.{topic}"
                acks.append(await self._producer.send(name, body, key=key, headers=headers))
        await asyncio.wait_for(asyncio.gather(*acks), ACK_SECONDS)

    async def _drop_producer(self) -> None:
        """A producer that timed out stays broken: throw it away (aiokafka #1017)."""
        producer, self._producer = self._producer, None
        if producer is not None:
            with contextlib.suppress(TimeoutError, KafkaError):
                await asyncio.wait_for(producer.stop(), 5)


def new_producer(bootstrap: str) -> AIOKafkaProducer:
    """An idempotent producer: all replicas acknowledge, order per partition kept."""
    return AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        enable_idempotence=True,
        linger_ms=2,
        request_timeout_ms=5_000,
        max_batch_size=256 * 1024,
    )


def _envelope(row: asyncpg.Record) -> Envelope:
    return Envelope(
        id=row["id"],
        type=row["type"],
        source=f"/jajaya/{row['topic']}",
        key=row["key"],
        time=row["time"],
        version=row["version"],
        traceparent=row["traceparent"],
        causation=row["causation"],
    )


async def replay(url: str, since: Any) -> int:
    """Send again what was told since an instant; harmless, listeners know what they have seen."""
    async with _connection(url, "replay") as connection:
        return int((await connection.execute(_REPLAY, since)).rpartition(" ")[2])


@contextlib.asynccontextmanager
async def _connection(url: str, name: str) -> AsyncIterator[Any]:
    """A connection outside the pool, for locks and listening (never through PgBouncer)."""
    plain = url.replace("postgresql+asyncpg://", "postgresql://")
    settings = {"application_name": name}
    connection = await asyncpg.connect(
        plain, timeout=5, command_timeout=30, server_settings=settings
    )
    try:
        yield connection
    finally:
        with contextlib.suppress(OSError, TimeoutError, asyncpg.InterfaceError):
            await connection.close(timeout=2)
