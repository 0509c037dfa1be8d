"""Makes the fleet's topics what topics.yml says: missing ones are made, small ones extended."""

import asyncio
import contextlib
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError

FILE = Path(__file__).with_name("topics.yml")
PREFIX = "jajaya"
COPIES_MAX = 3
UNKNOWN_TOPIC = 3


@dataclass(frozen=True)
class Topic:
    """A topic as it should be."""

    name: str
    partitions: int
    config: dict[str, str]


def topics(prefix: str = PREFIX) -> list[Topic]:
    """The fleet's topics under a prefix."""
    return list(_read(yaml.safe_load(FILE.read_text()), prefix))


async def ensure(
    bootstrap: str, wanted: list[Topic], within_seconds: float = 30, *, extend: bool = True
) -> None:
    """Make the broker's topics so; a broker that is still coming up is asked again.

    Raises TimeoutError. The light broker can neither extend nor change a topic: `extend=False`.
    """
    until = time.monotonic() + within_seconds
    while True:
        try:
            async with asyncio.timeout(within_seconds):
                if not await _missing_after(bootstrap, wanted, extend=extend):
                    return
        except (KafkaError, OSError) as e:
            if time.monotonic() > until:
                raise TimeoutError(f"topics on {bootstrap}: {e!r}") from e
        if time.monotonic() > until:
            raise TimeoutError(f"topics on {bootstrap} are not there after {within_seconds} s")
        await asyncio.sleep(0.1)


def _read(page: dict[str, Any], prefix: str) -> Iterator[Topic]:
    defaults = page["defaults"]
    for name, own in page["topics"].items():
        yield Topic(
            f"{prefix}.{name}",
            own.get("partitions", defaults["partitions"]),
            {**defaults["config"], **own.get("config", {})},
        )


async def _missing_after(bootstrap: str, wanted: list[Topic], *, extend: bool) -> list[str]:
    """One try at making everything so; the names that are still missing."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=5000)
    try:
        await admin.start()
        found = await _partitions(admin, wanted)
        new = [topic for topic in wanted if topic.name not in found]
        if new:
            copies = min(COPIES_MAX, len((await admin.describe_cluster())["brokers"]))
            await admin.create_topics([_new(topic, copies) for topic in new], timeout_ms=5000)
        if extend:
            await _extend(admin, [t for t in wanted if t.partitions > found.get(t.name, 10**6)])
            await _configure(admin, [topic for topic in wanted if topic.name in found])
        return [t.name for t in wanted if t.name not in await _partitions(admin, wanted)]
    finally:
        with contextlib.suppress(KafkaError, OSError):
            await admin.close()


def _new(topic: Topic, copies: int) -> NewTopic:
    return NewTopic(topic.name, topic.partitions, copies, topic_configs=topic.config)


async def _partitions(admin: AIOKafkaAdminClient, wanted: list[Topic]) -> dict[str, int]:
    """How many partitions each of the wanted topics has, those that exist."""
    answer = await admin.describe_topics([topic.name for topic in wanted])
    return {row["topic"]: len(row["partitions"]) for row in answer if row["error_code"] == 0}


async def _extend(admin: AIOKafkaAdminClient, small: list[Topic]) -> None:
    """Give topics their missing partitions; partitions are never taken away."""
    if small:
        await admin.create_partitions({t.name: NewPartitions(t.partitions) for t in small})


async def _configure(admin: AIOKafkaAdminClient, there: list[Topic]) -> None:
    """Set the properties of topics that exist already."""
    if there:
        await admin.alter_configs(
            [ConfigResource(ConfigResourceType.TOPIC, t.name, t.config) for t in there]
        )


def main() -> None:
    """`python -m deploy.kafka.topics HOST:PORT`: for brokers that the launcher does not run."""
    asyncio.run(ensure(sys.argv[1], topics(), within_seconds=60))


if __name__ == "__main__":
    main()
