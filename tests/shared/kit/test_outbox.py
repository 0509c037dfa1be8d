"""What was told reaches the broker at least once, in order per key, whatever dies between."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

import shared.kit.inbox as inbox
from shared.kit.clock import wall_now
from shared.kit.events import Envelope
from shared.kit.ids import new_id
from shared.kit.inbox import Consumer, ConsumerStuck, handlers_of
from shared.kit.outbox import Relay, Waker, replay
from tests.support.cluster import KAFKA
from tests.support.service import Running
from tests.support.toy.domain.tool import ToolLent


@pytest.fixture
async def prefix(broker: str) -> str:
    """A topic ``<prefix>.toy`` of the test's own."""
    name = f"t{new_id().hex[-10:]}"
    admin = AIOKafkaAdminClient(bootstrap_servers=broker)
    for _ in range(100):
        with contextlib.suppress(Exception):
            await admin.start()
            break
        await asyncio.sleep(0.1)
    await admin.create_topics([NewTopic(f"{name}.toy", 3, 1)])
    await admin.close()
    return name


def relay_of(toy: Running, prefix: str) -> Relay:
    url, broker = toy.kit.settings.database_url, os.environ[KAFKA]
    return Relay(url, broker, prefix, toy.kit.waker, "toy")


@contextlib.asynccontextmanager
async def connected(toy: Running) -> AsyncIterator[Any]:
    plain = toy.kit.settings.database_url.replace("postgresql+asyncpg", "postgresql")
    connection = await asyncpg.connect(plain)
    yield connection
    await connection.close()


async def received(prefix: str, count: int) -> list[tuple[Envelope, str]]:
    """The first records of the topic, per partition in their order."""
    consumer = AIOKafkaConsumer(
        f"{prefix}.toy", bootstrap_servers=os.environ[KAFKA], auto_offset_reset="earliest"
    )
    await consumer.start()
    found: list[tuple[Envelope, str]] = []
    try:
        async with asyncio.timeout(20):
            while len(found) < count:
                for records in (await consumer.getmany(timeout_ms=200)).values():
                    found += [(Envelope.read(dict(r.headers)), r.value.decode()) for r in records]
    finally:
        await consumer.stop()
    return found


async def tell(toy: Running, keys: list[UUID], times: int) -> None:
    for number in range(times):
        async with toy.begin() as tx:
            for key in keys:
                tx.publish(ToolLent(tool_id=key, note=str(number)))


async def test_versions_count_per_key_without_gaps_under_rivals(toy: Running) -> None:
    keys = [new_id() for _ in range(3)]
    await asyncio.gather(*(tell(toy, keys, 10) for _ in range(6)))

    for key in keys:
        versions = [told.envelope.version for told in await toy.outbox() if told.event.key() == key]
        assert versions == list(range(1, 61))


async def test_a_rolled_back_transaction_tells_nothing(toy: Running) -> None:
    with pytest.raises(RuntimeError):
        async with toy.begin() as tx:
            tx.publish(ToolLent(tool_id=new_id()))
            raise RuntimeError
    assert await toy.told() == []


async def test_a_relay_killed_between_send_and_mark_loses_nothing(
    toy: Running, prefix: str
) -> None:
    keys = [new_id() for _ in range(4)]
    await tell(toy, keys, 25)

    class Killed(Exception):
        pass

    class DiesBeforeMarking:
        """A connection whose process dies when the batch has been acknowledged."""

        def __init__(self, connection: Any) -> None:
            self.fetch = connection.fetch

        async def execute(self, *_: object) -> None:
            raise Killed

    first = relay_of(toy, prefix)
    async with connected(toy) as connection:
        with pytest.raises(Killed):
            await first.send_batch(DiesBeforeMarking(connection))
        second = relay_of(toy, prefix)
        assert await second.send_batch(connection) == 100
        assert await second.send_batch(connection) == 0
    found = await received(prefix, 200)
    await first._drop_producer()
    await second._drop_producer()

    assert len(found) == 200
    for key in keys:
        versions = [told.version for told, _ in found if told.key == key]
        assert versions == [*range(1, 26), *range(1, 26)]


async def test_the_running_relay_carries_what_is_told_and_replay_sends_it_again(
    toy: Running, prefix: str
) -> None:
    since = wall_now()
    running = asyncio.create_task(relay_of(toy, prefix).run())
    key = new_id()
    await tell(toy, [key], 3)
    assert [told.version for told, _ in await received(prefix, 3)] == [1, 2, 3]
    for _ in range(50):  # Marked just after the acknowledgement.
        if await replay(toy.kit.settings.database_url, since) == 3:
            break
        await asyncio.sleep(0.1)
    found = await received(prefix, 6)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert [told.version for told, _ in found] == [1, 2, 3, 1, 2, 3]
    assert found[0][0].type == "toy.lent.v1"


async def test_only_one_relay_holds_the_lock(toy: Running, prefix: str) -> None:
    relays = [asyncio.create_task(relay_of(toy, prefix).run()) for _ in range(3)]
    await tell(toy, [new_id() for _ in range(5)], 20)
    found = await received(prefix, 100)
    for relay in relays:
        relay.cancel()
    await asyncio.gather(*relays, return_exceptions=True)

    assert len(found) == 100


async def test_the_waker_passes_the_hint_on(toy: Running) -> None:
    here, there = Waker(), Waker()
    passing = asyncio.create_task(here.notify_others(toy.kit.settings.database_url))
    async with connected(toy) as connection:
        await connection.add_listener("outbox", lambda *_: there())
        here()
        assert await there.wait(5)
    passing.cancel()
    await asyncio.gather(passing, return_exceptions=True)


async def test_a_consumer_that_reads_nothing_is_seen_by_what_the_broker_holds(
    toy: Running, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fetcher that has died answers nothing and knows of nothing new, for ever."""
    broker = os.environ[KAFKA]
    listening = Consumer(toy.begin, handlers_of("toy"), broker, prefix, "toy", "0", long_poll=False)
    monkeypatch.setattr(inbox, "LAG_EVERY_SECONDS", 0.1)
    monkeypatch.setattr(inbox, "STUCK_SECONDS", 0.5)

    async def hang(_: object) -> None:
        await asyncio.sleep(60)

    monkeypatch.setattr(listening, "_consume", hang)
    running = asyncio.create_task(listening.run())
    await asyncio.sleep(1)
    assert not running.done()

    await tell(toy, [new_id()], 3)
    async with connected(toy) as connection:
        await relay_of(toy, prefix).send_batch(connection)
    async with asyncio.timeout(30):
        with pytest.raises(ExceptionGroup) as ended:
            await running
    assert ended.group_contains(ConsumerStuck, match="3 records")
