"""Events in: each handler sees each event once, in order per key, in one transaction.

A handler is ``async def f(tx, event)`` under ``@handles(Event)``. Its inbox row commits with its
effect. A fault of the data parks the event in ``dead_events``, and later events of the same handler
and key wait behind it until ``redeliver`` has run; all other keys go on.
"""

import asyncio
import contextlib
import time
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

import asyncpg
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from shared.kit import metrics
from shared.kit.database import LOST, is_away, is_passing
from shared.kit.events import Envelope, Event
from shared.kit.log import get_logger, traceparent
from shared.kit.session import Opening, Transaction
from shared.kit.writes import as_json

Handle = Callable[[Transaction, Any], Awaitable[None]]

ATTEMPTS = 4  # Then a fault of the data is parked,
PASSING_ATTEMPTS = 10  # and so is one that ought to have passed: other keys wait meanwhile.
BACKOFF_SECONDS = (0.2, 1, 4, 15, 30)  # Between attempts while database or peers are away.
BATCH = 200
TOGETHER_MAX = 25  # Events in one transaction, each of another key.
AT_ONCE = 2  # Such transactions at the same time.
COMMIT_EVERY_SECONDS = 0.25  # Offsets; what was heard again after a crash is known by the inbox.
STUCK_SECONDS = 60
LAG_EVERY_SECONDS = 5

# Locks the handlers' rows for the keys; says of each event whether it is new, old or must wait.
_ADMIT = """
WITH given AS (
    SELECT * FROM unnest($1::text[], $2::uuid[], $3::bigint[], $4::uuid[])
        AS g (handler, key, version, event_id)),
head AS (
    INSERT INTO inbox_keys AS k (handler, key, version)
    SELECT handler, key, version FROM given ORDER BY handler, key
    ON CONFLICT (handler, key) DO UPDATE SET version = CASE
        WHEN k.parked = 0 THEN greatest(k.version, excluded.version) ELSE k.version END
    RETURNING k.handler, k.key, coalesce(old.version, 0) AS seen, new.parked AS parked),
claimed AS (
    INSERT INTO inbox (handler, event_id)
    SELECT handler, event_id FROM given JOIN head USING (handler, key) WHERE parked = 0
    ON CONFLICT DO NOTHING RETURNING handler, event_id)
SELECT handler, key, seen, parked, claimed.event_id IS NOT NULL AS claimed
FROM given JOIN head USING (handler, key) LEFT JOIN claimed USING (handler, event_id)
"""
_PARK = """
WITH dead AS (
    INSERT INTO dead_events (handler, event_id, key, version, headers, body, error)
    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING RETURNING 1)
INSERT INTO inbox_keys AS k (handler, key, version, parked)
SELECT $1, $3, 0, 1 FROM dead
ON CONFLICT (handler, key) DO UPDATE SET parked = k.parked + 1
"""
_SEEN = "SELECT true FROM inbox WHERE handler = $1 AND event_id = $2"


log = get_logger(__name__)


class Outcome(StrEnum):
    """What became of one event at one handler."""

    DONE = "done"
    SEEN = "seen"  # Handled before; nothing to do.
    STALE = "stale"  # A later version of this key was handled already.
    PARKED = "parked"  # Dead, or waiting behind a dead one.


@dataclass(frozen=True, slots=True)
class Handler:
    """A registered function with the name that its inbox rows carry."""

    name: str
    event: type[Event]
    handle: Handle


_REGISTERED: dict[str, list[Handler]] = {}  # By the service that listens.


def handles(*events: type[Event]) -> Callable[[Handle], Handle]:
    """Register a handler; the consumer subscribes to what its service has registered."""

    def register(handle: Handle) -> Handle:
        service = handle.__module__.split(".")[-3]  # services.<this one>.events.handlers
        for event in events:
            name = f"{handle.__name__}@{event.publisher()}"
            _REGISTERED.setdefault(service, []).append(Handler(name, event, handle))
        return handle

    return register


def handlers_of(service: str) -> dict[str, list[Handler]]:
    """The handlers of one service by event type."""
    by_type: dict[str, list[Handler]] = {}
    for handler in _REGISTERED.get(service, []):
        by_type.setdefault(handler.event.type, []).append(handler)
    return by_type


@dataclass(frozen=True, slots=True)
class Heard:
    """One event at one handler."""

    handler: Handler
    told: Envelope
    body: bytes | str


async def deliver(
    begin: Opening,
    handler: Handler,
    told: Envelope,
    body: bytes | str,
    pauses_seconds: Sequence[float] = BACKOFF_SECONDS,
) -> Outcome:
    """Run one handler for one event, exactly once in effect. Never raises for a fault of the data.

    While the database or a peer does not answer it tries again, ever more slowly, as long as it
    takes.
    """
    heard = Heard(handler, told, body)
    attempt = faults = 0
    while True:
        try:
            [outcome] = await _attempt(begin, [heard])
        except Exception as fault:
            log.warning("inbox.attempt_failed", handler=handler.name, fault=repr(fault)[:300])
            faults += not is_away(fault)
            if faults >= (PASSING_ATTEMPTS if is_passing(fault) else ATTEMPTS):
                error = "".join(traceback.format_exception(fault))[-4_000:]
                with contextlib.suppress(*LOST):
                    return _noted(handler, await park(begin, heard, error))
            await asyncio.sleep(pauses_seconds[min(attempt, len(pauses_seconds) - 1)])
            attempt += 1
        else:
            return _noted(handler, outcome)


async def deliver_together(
    begin: Opening, events: Sequence[Heard], pauses_seconds: Sequence[float] = BACKOFF_SECONDS
) -> None:
    """As ``deliver``, for events of different keys in one transaction; if it fails, one by one."""
    if len(events) > 1:
        try:
            for heard, outcome in zip(events, await _attempt(begin, events), strict=True):
                _noted(heard.handler, outcome)
        except Exception as fault:
            log.info("inbox.taken_apart", events=len(events), fault=repr(fault)[:300])
        else:
            return
    for heard in events:
        await deliver(begin, heard.handler, heard.told, heard.body, pauses_seconds)


def _noted(handler: Handler, outcome: Outcome) -> Outcome:
    metrics.events_handled_total.labels(handler.name, outcome).inc()
    return outcome


async def _attempt(begin: Opening, events: Sequence[Heard]) -> list[Outcome]:
    """One transaction for events of different handlers or keys."""
    asked = [(e.handler.name, e.told.key, e.told.version, e.told.id) for e in events]
    async with begin() as tx:
        rows = await tx.run(_ADMIT, *map(list, zip(*asked, strict=True)))
        by_key = {(row["handler"], row["key"]): row for row in rows}
        return [
            await _hear(tx, heard, by_key[heard.handler.name, heard.told.key]) for heard in events
        ]


async def _hear(tx: Transaction, heard: Heard, row: asyncpg.Record) -> Outcome:
    """Handle what is new, park what must wait; ``row`` is what was found at its admission."""
    handler, told = heard.handler, heard.told
    if row["parked"]:
        if await tx.run(_SEEN, handler.name, told.id):
            return Outcome.SEEN
        await _park(tx, heard, "waits behind a dead event")
        return Outcome.PARKED
    if not row["claimed"]:
        return Outcome.SEEN
    if row["seen"] >= told.version:
        return Outcome.STALE
    await handle_in(tx, heard)
    return Outcome.DONE


async def handle_in(tx: Transaction, heard: Heard) -> None:
    """Run the handler in a transaction that has claimed the event for it."""
    tx.cause = heard.told
    traceparent.set(heard.told.traceparent)
    await heard.handler.handle(tx, heard.handler.event.model_validate_json(heard.body))
    await tx.flush()  # What it told carries its cause and its trace.


async def park(begin: Opening, heard: Heard, error: str) -> Outcome:
    """Put an event that its handler cannot take aside, with what went wrong."""
    async with begin() as tx:
        await _park(tx, heard, error)
    return Outcome.PARKED


async def _park(tx: Transaction, heard: Heard, error: str) -> None:
    handler, told = heard.handler, heard.told
    headers = {name: _storable(value) for name, value in told.headers()}
    where = (handler.name, told.id, told.key, told.version)
    await tx.run(_PARK, *where, as_json(headers), _storable(heard.body), _storable(error))
    log.error("inbox.event_parked", handler=handler.name, event_id=str(told.id), type=told.type)


def _storable(text: bytes | str) -> str:
    """As PostgreSQL can keep it: parking must not fail for what is wrong with the event."""
    text = text.encode(errors="replace") if isinstance(text, str) else text
    return text.decode(errors="replace").replace("\0", "\ufffd")


class ConsumerStuck(RuntimeError):
    """Lag grows while the position stands still: only a new process helps (reliability 7.3)."""


@dataclass
class Consumer:
    """One member of a service's consumer group."""

    begin: Opening
    handlers: Mapping[str, list[Handler]]
    bootstrap: str
    prefix: str
    group: str
    instance: str
    long_poll: bool = True

    def __post_init__(self) -> None:
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._moved_at = time.monotonic()

    async def run(self) -> None:
        """Consume until cancelled. Raises ConsumerStuck when only a restart can help."""
        while True:
            consumer = self._new()
            try:
                async with asyncio.timeout(15):
                    await consumer.start()
                self._moved_at = time.monotonic()
                async with asyncio.TaskGroup() as both:
                    both.create_task(self._consume(consumer))
                    both.create_task(self._watch(consumer))
            except* (KafkaError, OSError) as lost:
                log.warning("consumer.interrupted", reason=repr(lost.exceptions[0])[:100])
            finally:
                with contextlib.suppress(KafkaError, OSError):
                    async with asyncio.timeout(5):
                        await consumer.stop()
            await asyncio.sleep(1)

    def _new(self) -> AIOKafkaConsumer:
        group = f"{self.prefix}.{self.group}"
        return AIOKafkaConsumer(
            *sorted({f"{self.prefix}.{type.partition('.')[0]}" for type in self.handlers}),
            bootstrap_servers=self.bootstrap,
            group_id=group,
            group_instance_id=f"{group}.{self.instance}" if self.long_poll else None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_poll_interval_ms=120_000,
            session_timeout_ms=10_000,
            heartbeat_interval_ms=2_000,
            fetch_max_wait_ms=1_000,
            request_timeout_ms=10_000,
        )

    async def _consume(self, consumer: AIOKafkaConsumer) -> None:
        committed_at = time.monotonic()
        done: dict[TopicPartition, int] = {}
        while True:
            wait_ms = 250 if done else 500
            batches = await consumer.getmany(timeout_ms=wait_ms, max_records=BATCH)
            if batches:
                await self.handle([one for some in batches.values() for one in some])
                done |= {part: records[-1].offset + 1 for part, records in batches.items()}
                self._moved_at = time.monotonic()
            elif not self.long_poll:
                await asyncio.sleep(0.05)  # A light broker answers empty fetches at once.
            now = time.monotonic()
            if done and now - committed_at > COMMIT_EVERY_SECONDS:
                await consumer.commit(done)
                committed_at, done = now, {}

    async def handle(self, records: list[ConsumerRecord[Any, Any]]) -> None:
        """Each key's events in order; those of different keys side by side, many at a time."""
        by_key: dict[UUID, list[list[Heard]]] = {}
        for record in records:
            try:
                told = Envelope.read(dict(record.headers))
            except (KeyError, ValueError, AttributeError):  # A header may even be null.
                log.error("consumer.foreign_record", topic=record.topic, offset=record.offset)
                continue
            body = record.value or b""
            if heard := [Heard(one, told, body) for one in self.handlers.get(told.type, ())]:
                by_key.setdefault(told.key, []).append(heard)
        while by_key:
            firsts = [heard for some in by_key.values() for heard in some.pop(0)]
            by_key = {key: some for key, some in by_key.items() if some}
            parts = range(0, len(firsts), TOGETHER_MAX)
            together = (self._handle_some(firsts[at : at + TOGETHER_MAX]) for at in parts)
            await asyncio.gather(*together)

    async def _handle_some(self, events: list[Heard]) -> None:
        async with self._slots:
            await deliver_together(self._alive, events)

    def _alive(self) -> AbstractAsyncContextManager[Transaction]:
        """Waiting for a database that is away is no standing still: each attempt counts."""
        self._moved_at = time.monotonic()
        return self.begin()

    async def _watch(self, consumer: AIOKafkaConsumer) -> None:
        while True:
            await asyncio.sleep(LAG_EVERY_SECONDS)
            with contextlib.suppress(KafkaError, OSError):  # Who is away says nothing of us.
                async with asyncio.timeout(LAG_EVERY_SECONDS):
                    self.look_at_lag(await self._left(consumer))

    async def _left(self, consumer: AIOKafkaConsumer) -> dict[TopicPartition, int]:
        """What is not yet read, by the broker: a fetcher that stands still knows of nothing new."""
        ends = await consumer.end_offsets(consumer.assignment())
        return {part: max(0, end - await consumer.position(part)) for part, end in ends.items()}

    def look_at_lag(self, left: Mapping[TopicPartition, int]) -> None:
        """Tell what is left to read. Raises ConsumerStuck if it is not becoming less."""
        for part, lag in left.items():
            metrics.consumer_lag.labels(part.topic, str(part.partition)).set(lag)
        behind = sum(left.values())
        if not behind:
            self._moved_at = time.monotonic()
        elif time.monotonic() - self._moved_at > STUCK_SECONDS:
            raise ConsumerStuck(f"{behind} records behind and not moving")
