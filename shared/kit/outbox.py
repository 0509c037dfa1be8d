"""Events out: one relay a service carries what was told from its database to Kafka.

Rows leave in ``seq`` order while ``sent_at`` is empty (never ``id > last``: sequences commit out of
order), and are marked only after the broker's acknowledgement: a crash in between sends twice and
loses nothing. One relay at a time holds the advisory lock; another takes over when it dies.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from shared.kit.database import LOST
from shared.kit.events import Envelope
from shared.kit.log import get_logger

BATCH = 500
ACK_SECONDS = 10  # An idempotent producer never times out by itself (reliability 7.3).
POLL_SECONDS, IDLE_POLL_SECONDS, IDLE_AFTER_SECONDS = 0.2, 1.0, 30
GATHER_SECONDS, PACE_SECONDS = 0.03, 0.1  # Under load fewer trips to broker and listeners.
CHANNEL = "outbox"
_LOCK = f"SELECT pg_try_advisory_lock({0x4A41_0B0C})"
_UNSENT = """
SELECT seq, id, type, topic, compacted, key, version, time, body, traceparent, causation
FROM outbox WHERE sent_at IS NULL ORDER BY seq LIMIT $1
"""
_SENT = "UPDATE outbox SET sent_at = clock_timestamp() WHERE seq = ANY($1::bigint[])"
_REPLAY = "UPDATE outbox SET sent_at = NULL WHERE sent_at IS NOT NULL AND written_at >= $1"

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
            with contextlib.suppress(*LOST):
                async with _connection(url, "outbox-hint") as connection:
                    while True:
                        if await self.wait(60):
                            await connection.execute(f"NOTIFY {CHANNEL}")
            await asyncio.sleep(IDLE_POLL_SECONDS)


@dataclass
class Relay:
    """Carries the outbox of one service to the broker until cancelled."""

    url: str
    bootstrap: str
    prefix: str
    waker: Waker
    name: str
    _producer: AIOKafkaProducer | None = None

    async def run(self) -> None:
        """Hold the lock, send, and begin again after any loss of database or broker."""
        while True:
            try:
                # Marks that a crash takes back send again, which is harmless: not worth a flush.
                async with _connection(self.url, f"{self.name}-relay", flush="off") as connection:
                    while not await connection.fetchval(_LOCK):  # noqa: ASYNC110 - It has no event.
                        await asyncio.sleep(IDLE_POLL_SECONDS)
                    await connection.add_listener(CHANNEL, lambda *_: self.waker())
                    await self._carry(connection)
            except (KafkaError, *LOST) as lost:
                log.warning("relay.interrupted", reason=type(lost).__name__)
            finally:
                await self._drop_producer()
            await asyncio.sleep(IDLE_POLL_SECONDS)

    async def _carry(self, connection: Any) -> None:
        busy_at = time.monotonic()
        while True:
            sent = await self.send_batch(connection)
            busy_at = time.monotonic() if sent else busy_at
            if sent < BATCH:
                idle = time.monotonic() - busy_at > IDLE_AFTER_SECONDS
                if await self.waker.wait(IDLE_POLL_SECONDS if idle else POLL_SECONDS):
                    rest = busy_at + PACE_SECONDS - time.monotonic()
                    await asyncio.sleep(max(GATHER_SECONDS, rest))

    async def send_batch(self, connection: Any) -> int:
        """Send what waits, up to a batch, and mark it; how many."""
        rows = await connection.fetch(_UNSENT, BATCH)
        if rows:
            await self._send(rows)
            await connection.execute(_SENT, [row["seq"] for row in rows])
        return len(rows)

    async def _send(self, rows: Sequence[asyncpg.Record]) -> None:
        async with asyncio.timeout(ACK_SECONDS):
            if self._producer is None:
                self._producer = _new_producer(self.bootstrap)
                await self._producer.start()
            acks = []
            for row in rows:
                headers, key = _envelope(row).headers(), row["key"].bytes
                for topic in filter(None, (row["topic"], row["compacted"])):
                    name, body = f"{self.prefix}.{topic}", row["body"].encode()
                    acks.append(await self._producer.send(name, body, key=key, headers=headers))
            await asyncio.gather(*acks)

    async def _drop_producer(self) -> None:
        """A producer that timed out stays broken: throw it away (aiokafka #1017)."""
        producer, self._producer = self._producer, None
        if producer is not None:
            with contextlib.suppress(TimeoutError, KafkaError):
                async with asyncio.timeout(5):
                    await producer.stop()


def _new_producer(bootstrap: str) -> AIOKafkaProducer:
    """An idempotent producer: all replicas acknowledge, order per partition kept."""
    return AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        enable_idempotence=True,
        linger_ms=2,
        request_timeout_ms=5_000,
        max_batch_size=256 * 1024,
    )


def _envelope(row: asyncpg.Record) -> Envelope:
    same = ("id", "type", "key", "time", "version", "traceparent", "causation")
    return Envelope(source=f"/jajaya/{row['topic']}", **{name: row[name] for name in same})


async def replay(url: str, since: Any) -> int:
    """Send again what was told since an instant; harmless, listeners know what they have seen."""
    async with _connection(url, "replay") as connection:
        return int((await connection.execute(_REPLAY, since)).rpartition(" ")[2])


@contextlib.asynccontextmanager
async def _connection(url: str, name: str, flush: str = "on") -> AsyncIterator[Any]:
    """A connection outside the pool, for locks and listening (never through PgBouncer)."""
    plain = url.replace("postgresql+asyncpg://", "postgresql://")
    server = {"application_name": name, "synchronous_commit": flush}
    connection = await asyncpg.connect(plain, timeout=5, command_timeout=30, server_settings=server)
    try:
        yield connection
    finally:
        with contextlib.suppress(*LOST):
            await connection.close(timeout=2)
