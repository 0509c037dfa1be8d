"""A fleet: it keeps its data, brings back what dies, and leaves nothing behind."""

import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import psutil
import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from deploy.kafka import topics
from deploy.local import outside, postgres
from deploy.local.children import StartFailed
from deploy.local.fleet import KAFKA_OR_LITE, LITE, Fleet
from deploy.local.record import AlreadyRunning
from deploy.local.secrets import SERVICES

TOPIC = "jajaya.order"
SAID: list[str] = []  # What the shared fleet said.


def bare(home: Path, said: list[str] | None = None, broker: str = "kafka") -> Fleet:
    """PostgreSQL and a broker, without a service."""
    say = (said if said is not None else []).append
    return Fleet(home, services=[], broker=broker, say=say)


def left_in(home: Path) -> list[list[str]]:
    """The processes that still work in a home."""
    lines = [p.info["cmdline"] or [] for p in psutil.process_iter(["cmdline"])]
    return [line for line in lines if any(str(home) in word for word in line)]


async def connect(fleet: Fleet, service: str, role: str) -> asyncpg.Connection:
    """A connection in one of a service's two roles."""
    return await asyncpg.connect(fleet.databases[service][role].replace("+asyncpg", ""))


async def tell(fleet: Fleet, text: bytes) -> None:
    """Write to the broker and wait for its word."""
    producer = AIOKafkaProducer(bootstrap_servers=fleet.kafka_bootstrap, acks="all")
    await producer.start()
    try:
        await producer.send_and_wait(TOPIC, text, partition=0)
    finally:
        await producer.stop()


async def listen(fleet: Fleet, count: int) -> list[bytes]:
    """Read that many messages from the start."""
    consumer = AIOKafkaConsumer(
        TOPIC, bootstrap_servers=fleet.kafka_bootstrap, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        return [(await consumer.getone()).value for _ in range(count)]
    finally:
        await consumer.stop()


async def keep_a_note(fleet: Fleet, text: str) -> None:
    """Commit a row as the owner of the order database."""
    owner = await connect(fleet, "order", "owner")
    await owner.execute("CREATE TABLE IF NOT EXISTS notes (text text)")
    await owner.execute("INSERT INTO notes VALUES ($1)", text)
    await owner.close()


async def notes(fleet: Fleet) -> list[str]:
    """The rows that were kept."""
    owner = await connect(fleet, "order", "owner")
    rows = await owner.fetch("SELECT text FROM notes")
    await owner.close()
    return [row["text"] for row in rows]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def fleet(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Fleet]:
    """One fleet for the tests that leave it as it was."""
    running = bare(tmp_path_factory.mktemp("fleet"), SAID)
    await running.start()
    yield running
    await running.stop()
    outside.remove(running.home.path)


async def test_a_second_start_finds_its_data_again(tmp_path: Path) -> None:
    first = bare(tmp_path)
    await first.start()
    await keep_a_note(first, "kept")
    await tell(first, b"kept")
    await first.stop()
    assert left_in(tmp_path) == []

    second = bare(tmp_path)
    await second.start()
    assert second.ports == first.ports
    assert await notes(second) == ["kept"]
    assert await listen(second, 1) == [b"kept"]
    await second.stop()
    assert left_in(tmp_path) == []


async def test_killed_data_stores_come_back_with_all_they_acknowledged(fleet: Fleet) -> None:
    await keep_a_note(fleet, "acknowledged")
    await tell(fleet, b"acknowledged")
    SAID.clear()
    for name in ("postgres", "kafka"):
        dead = fleet.kill(name, signal.SIGKILL)
        await fleet.wait_ready(name)
        assert fleet.home.read()["children"][name]["pid"] != dead
    assert await notes(fleet) == ["acknowledged"]
    assert await listen(fleet, 1) == [b"acknowledged"]
    assert [
        f"{name} was killed (SIGKILL); started again in 0.2 s." for name in ("postgres", "kafka")
    ] == SAID


async def test_no_role_reaches_another_services_database(fleet: Fleet) -> None:
    for service in SERVICES:
        for role in ("app", "owner"):
            here = fleet.databases[service][role].replace("+asyncpg", "")
            await (await asyncpg.connect(here)).close()
            for other in {*SERVICES, "postgres", "template1"} - {service}:
                elsewhere = here.rsplit("/", 1)[0] + f"/{other}"
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await asyncpg.connect(elsewhere)


async def test_the_serving_role_makes_no_tables_and_finds_the_extensions(fleet: Fleet) -> None:
    app = await connect(fleet, "order", "app")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await app.execute("CREATE TABLE mine (x int)")
    extensions = {row[0] for row in await app.fetch("SELECT extname FROM pg_extension")}
    await app.close()
    assert {"btree_gist", "pg_trgm"} <= extensions


async def test_commits_are_durable_unless_a_test_asks_otherwise(fleet: Fleet) -> None:
    app = await connect(fleet, "order", "app")
    settings = [await app.fetchval(f"SHOW {name}") for name in postgres.DURABLE]
    await app.close()
    assert settings == ["on", "on"]


async def test_topics_are_made_and_extended(fleet: Fleet) -> None:
    await topics.ensure(fleet.kafka_bootstrap, [topics.Topic("t1.order", 1, {})])
    await topics.ensure(fleet.kafka_bootstrap, [topics.Topic("t1.order", 3, {})])
    consumer = AIOKafkaConsumer("t1.order", bootstrap_servers=fleet.kafka_bootstrap)
    await consumer.start()
    partitions = consumer.partitions_for_topic("t1.order")
    await consumer.stop()
    assert partitions == {0, 1, 2}


async def test_two_fleets_cannot_share_a_home(fleet: Fleet) -> None:
    with pytest.raises(AlreadyRunning) as refused:
        await bare(fleet.home.path).start()
    assert refused.value.record["launcher"] == os.getpid()


async def test_a_start_that_fails_leaves_nothing_running(tmp_path: Path) -> None:
    users = {
        **os.environ,
        "DATABASE_URL_ORDER": "postgresql+asyncpg://order_app:y@127.0.0.1:9/none",
        "OWNER_DATABASE_URL_ORDER": "postgresql+asyncpg://order_owner:y@127.0.0.1:9/none",
    }
    services = ["order"]
    fleet = Fleet(tmp_path, services=services, broker=LITE, users=users, say=lambda _: None)
    with pytest.raises(StartFailed):
        await fleet.start()
    assert left_in(tmp_path) == []
    assert not fleet.home.is_held()


async def test_a_broker_of_the_users_own_that_is_not_there_is_named(tmp_path: Path) -> None:
    fleet = bare(tmp_path, broker="127.0.0.1:9")
    with pytest.raises(StartFailed, match=r"127\.0\.0\.1:9"):
        await fleet.start()
    assert left_in(tmp_path) == []


async def test_the_light_broker_carries_messages_too(tmp_path: Path) -> None:
    fleet = bare(tmp_path, broker="lite")
    await fleet.start()
    try:
        assert fleet.home.read()["broker"] == "lite"
        await tell(fleet, b"light")
        assert await listen(fleet, 1) == [b"light"]
    finally:
        await fleet.stop()
    assert left_in(tmp_path) == []


async def test_where_the_jars_cannot_be_kept_the_light_broker_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "full").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "full"))
    said: list[str] = []
    fleet = bare(tmp_path / "home", said, broker=KAFKA_OR_LITE)
    await fleet.start()
    try:
        assert fleet.home.read()["broker"] == LITE
        assert any("cannot be had" in line and "Not a directory" in line for line in said)
    finally:
        await fleet.stop()
        outside.remove(fleet.home.path)
