"""The journeys as tests, on one fleet that they share; then its books and what is left in clear.

Every handler but the two in ``ELSEWHERE`` has a part in them: without any other they fail. They
advance the fleet's clock, so they run one after the other and in this file alone.
"""

import json
import re
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from pathlib import Path

import asyncpg
import httpx
import pytest
from aiokafka import AIOKafkaConsumer

from deploy.kafka.topics import topics
from deploy.local.bearer import STAFF_PHONE, bearer
from deploy.local.door import claims
from deploy.local.fleet import Fleet
from deploy.local.recruit import DAY_AND_NIGHT
from deploy.local.secrets import SERVICES
from tests.conventions.test_events import contracts
from tests.invariants.__main__ import check
from tests.invariants.books import books_of
from tests.invariants.clear import in_clear
from tests.journeys.__main__ import NAMES, tell
from tests.journeys.heard import ELSEWHERE, every_handler, heard_in
from tests.support.fleets import fleet_in
from tests.support.service import as_json

pytestmark = [pytest.mark.fleet, pytest.mark.timeout(300)]
TESTS = Path(__file__).parents[1]
ORDERS = 4
PRIVATE_MIN = 50  # Names and documents of the workers, estates, phones.


@pytest.fixture(scope="module")
async def fleet(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Fleet]:
    async with fleet_in(tmp_path_factory.mktemp("fleet")) as fleet:
        yield fleet


async def test_the_journeys_leave_the_books_in_order(fleet: Fleet) -> None:
    home = fleet.home.path
    told = {name: await tell(name, home, quiet=True) for name in NAMES}
    # What it costs depends on the hour: a tow by night has its surcharge.
    paid, kept, earned = (
        _sum(told["towing"].lines, words) for words in ("payable", "commission", "wallet shows")
    )
    assert (kept, earned) == (paid * 12 / 100, paid * 88 / 100)
    assert any("by silence" in line for line in told["cleaning"].lines)
    assert any("the coupon is back" in line for line in told["parting"].lines)

    found, orders = await check(home)
    assert {name: finding.broken for name, finding in found.items() if finding.broken} == {}
    assert orders == ORDERS
    async with books_of(home) as books:
        heard = await heard_in(books)
    assert sorted(every_handler() - heard) == sorted(ELSEWHERE)
    assert heard <= every_handler()

    private = {STAFF_PHONE}.union(*(stage.private for stage in told.values()))
    assert len(private) > PRIVATE_MIN
    assert await _in_databases(fleet, private) == []
    assert await _in_topics(fleet, private) == []
    assert _in_logs(home, private) == []


async def test_a_bearer_for_a_new_name_is_the_same_workers_every_time(fleet: Fleet) -> None:
    first, second = [await bearer(fleet.home, "worker", "wing") for _ in range(2)]
    assert claims(first)["sub"] == claims(second)["sub"]
    async with httpx.AsyncClient(base_url=f"{fleet.urls['gateway']}/api/v1") as http:
        for token in (first, second):
            headers = {"Authorization": f"Bearer {token}"}
            schedule = as_json(await http.get("/workers/me/schedule", headers=headers))
            assert schedule["shifts"] == DAY_AND_NIGHT


def test_what_no_journey_comes_by_is_told_elsewhere() -> None:
    for line, test in ELSEWHERE.items():
        _, type, _ = line.split()
        assert contracts()[type].__name__ in (TESTS / test).read_text()


def _sum(lines: Sequence[str], words: str) -> Decimal:
    """The sum that a journey says after these words, the first time."""
    [said, *_] = re.findall(rf"\b{words} HKD ([\d,.]*\d)", "\n".join(lines))
    return Decimal(said.replace(",", ""))


async def _in_databases(fleet: Fleet, private: set[str]) -> list[str]:
    """Where a phone, a name, a document or an address stands in clear in any table."""
    found = []
    for service in SERVICES:
        url = fleet.databases[service]["owner"].replace("+asyncpg", "")
        connection = await asyncpg.connect(url)
        tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname='public'")
        for table in (row["tablename"] for row in tables):
            rows = await connection.fetch(f'SELECT t::text AS line FROM "{table}" t')
            held = "\n".join(row["line"] for row in rows)
            found += [f"{service}.{table}: {text}" for text in in_clear(private, held)]
        await connection.close()
    return found


async def _in_topics(fleet: Fleet, private: set[str]) -> list[str]:
    names = [topic.name for topic in topics(fleet.topic_prefix)]
    consumer = AIOKafkaConsumer(
        *names, bootstrap_servers=fleet.kafka_bootstrap, auto_offset_reset="earliest"
    )
    await consumer.start()
    read, texts = set[str](), list[str]()
    try:
        while batches := await consumer.getmany(timeout_ms=1_000):
            for place, records in batches.items():
                read.add(place.topic)
                texts += [each.value.decode() for each in records if each.value is not None]
    finally:
        await consumer.stop()
    assert read == set(names)
    assert len(texts) > 100
    assert all(json.loads(text) for text in texts)
    return in_clear(private, "\n".join(texts))


def _in_logs(home: Path, private: set[str]) -> list[str]:
    texts = {file.name: file.read_text(errors="replace") for file in (home / "logs").glob("*.log")}
    return [f"{name}: {each}" for name, text in texts.items() for each in in_clear(private, text)]
