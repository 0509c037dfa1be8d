"""Each handler sees each event once and in order; one poisoned key does not stop the others."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from aiokafka import TopicPartition

import shared.kit.inbox as inbox
from shared.kit.events import Envelope
from shared.kit.ids import new_id
from shared.kit.inbox import ConsumerStuck, Handler, Outcome, deliver, handlers_of
from shared.kit.metrics import REGISTRY
from shared.kit.session import Transaction
from shared.run.redeliver import redeliver
from tests.support.service import Running
from tests.support.toy.domain.tool import ToolBroken, ToolLent
from tests.support.toy.events.handlers import poisoned


@pytest.fixture(autouse=True)
def _unpoisoned() -> Iterator[None]:
    yield
    poisoned.clear()


async def notes(toy: Running, key: UUID) -> list[str]:
    async with toy.begin() as tx:
        rows = await tx.run("SELECT note FROM notes WHERE tool = $1 ORDER BY seq", key)
    return [row["note"] for row in rows]


def events(toy: Running, key: UUID, *texts: str) -> list[tuple[Envelope, ToolLent]]:
    made = [ToolLent(tool_id=key, note=text) for text in texts]
    return [(toy.envelope(event), event) for event in made]


async def hand(toy: Running, told: Envelope, event: ToolLent | ToolBroken) -> Outcome:
    [handler] = handlers_of("toy")[event.type]
    return await deliver(toy.begin, handler, told, event.model_dump_json(), [0.0])


async def test_an_event_told_by_many_at_once_is_handled_once(toy: Running) -> None:
    [(told, event)] = events(toy, new_id(), "a")
    outcomes = await asyncio.gather(*(hand(toy, told, event) for _ in range(10)))

    assert sorted(outcomes) == [Outcome.DONE] + [Outcome.SEEN] * 9
    assert await notes(toy, event.tool_id) == ["a"]


async def test_an_older_version_is_dropped_and_remembered(toy: Running) -> None:
    first, second = events(toy, new_id(), "old", "new")

    assert await hand(toy, *second) is Outcome.DONE
    assert await hand(toy, *first) is Outcome.STALE
    assert await hand(toy, *first) is Outcome.SEEN
    assert await notes(toy, first[1].tool_id) == ["new"]


async def test_a_gap_is_not_waited_for(toy: Running) -> None:
    first, _, third = events(toy, new_id(), "1", "2", "3")
    assert [await hand(toy, *first), await hand(toy, *third)] == [Outcome.DONE] * 2


async def test_a_poison_event_blocks_its_own_key_until_it_is_redelivered(toy: Running) -> None:
    sick, well = new_id(), new_id()
    poisoned.add("bad")
    outcomes = [await hand(toy, *one) for one in events(toy, sick, "good", "bad", "later", "last")]
    assert outcomes == [Outcome.DONE, Outcome.PARKED, Outcome.PARKED, Outcome.PARKED]
    assert [await hand(toy, *one) for one in events(toy, well, "fine")] == [Outcome.DONE]
    assert await redeliver(toy.begin, handlers_of("toy")) == (0, 3)

    poisoned.clear()
    assert await redeliver(toy.begin, handlers_of("toy")) == (3, 0)
    assert await notes(toy, sick) == ["good", "bad", "later", "last"]
    assert [await hand(toy, *one) for one in events(toy, sick, "after")] == [Outcome.DONE]


async def test_a_parked_event_told_again_is_parked_once(toy: Running) -> None:
    poisoned.add("bad")
    [bad] = events(toy, new_id(), "bad")
    for _ in range(3):
        assert await hand(toy, *bad) is Outcome.PARKED
    async with toy.begin() as tx:
        [row] = await tx.run(
            "SELECT count(*) AS dead, sum(parked) AS parked FROM dead_events, inbox_keys"
        )

    assert (row["dead"], row["parked"]) == (1, 1)


async def test_parking_never_fails_for_what_is_wrong_with_the_event(toy: Running) -> None:
    poisoned.add("a\x00b\ud800")
    [handler] = handlers_of("toy")[ToolLent.type]
    [(told, event)] = events(toy, new_id(), "x")
    text = event.model_dump_json().replace('"x"', '"a\\u0000b"').encode()

    assert await deliver(toy.begin, handler, told, text, [0.0]) is Outcome.PARKED
    for body in (b"\xff\x00{", b""):
        [(told, _)] = events(toy, new_id(), "x")
        assert await deliver(toy.begin, handler, told, body, [0.0]) is Outcome.PARKED


async def test_a_database_away_while_parking_is_waited_for(toy: Running) -> None:
    poisoned.add("bad")
    [(told, event)] = events(toy, new_id(), "bad")
    opened = 0

    @contextlib.asynccontextmanager
    async def begin() -> AsyncIterator[Transaction]:
        nonlocal opened
        opened += 1
        if opened == inbox.ATTEMPTS + 1:
            raise ConnectionResetError
        async with toy.begin() as tx:
            yield tx

    [handler] = handlers_of("toy")[event.type]
    assert await deliver(begin, handler, told, event.model_dump_json(), [0.0]) is Outcome.PARKED


@pytest.mark.parametrize(
    ("fault", "times", "outcome"),
    [
        (asyncpg.QueryCanceledError("too slow"), 1_000, Outcome.PARKED),
        (asyncpg.InterfaceError("the server expects 1 argument"), 1_000, Outcome.PARKED),
        (asyncpg.DeadlockDetectedError("for once"), inbox.PASSING_ATTEMPTS - 1, Outcome.DONE),
        (asyncpg.ConnectionDoesNotExistError("gone"), 100, Outcome.DONE),
    ],
)
async def test_what_never_passes_is_parked_and_who_is_away_is_waited_for(
    toy: Running, fault: Exception, times: int, outcome: Outcome
) -> None:
    met = 0

    async def stumble(tx: Transaction, event: ToolLent) -> None:
        nonlocal met
        met += 1
        if met <= times:
            raise fault

    [(told, event)] = events(toy, new_id(), "a")
    handler = Handler("stumble@toy", ToolLent, stumble)
    assert await deliver(toy.begin, handler, told, event.model_dump_json(), [0.0]) is outcome


async def test_a_consumer_that_stands_still_with_records_left_ends_its_process(
    toy: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    consumer = inbox.Consumer(toy.begin, handlers_of("toy"), "nowhere:1", "t", "toy", "0")
    part = TopicPartition("t.toy", 7)
    monkeypatch.setattr(inbox, "STUCK_SECONDS", -1)
    consumer.look_at_lag({part: 0})
    with pytest.raises(ConsumerStuck, match="3 records"):
        consumer.look_at_lag({part: 3})
    shown = REGISTRY.get_sample_value("consumer_lag", {"topic": "t.toy", "partition": "7"})
    assert shown == 3

    monkeypatch.setattr(inbox, "STUCK_SECONDS", 60)
    consumer.look_at_lag({part: 3})  # It has moved a moment ago.


async def test_what_comes_to_wait_during_a_redelivery_goes_too(toy: Running) -> None:
    poisoned.add("bad")
    bad, later = events(toy, new_id(), "bad", "later")
    assert await hand(toy, *bad) is Outcome.PARKED
    poisoned.clear()
    opened = 0

    @contextlib.asynccontextmanager
    async def begin() -> AsyncIterator[Transaction]:
        nonlocal opened
        opened += 1
        if opened == 2:  # The list of dead events has been read.
            assert await hand(toy, *later) is Outcome.PARKED
        async with toy.begin() as tx:
            yield tx

    assert await redeliver(begin, handlers_of("toy")) == (2, 0)
    assert await notes(toy, bad[1].tool_id) == ["bad", "later"]


async def test_one_parked_here_and_handled_there_is_handled_once(toy: Running) -> None:
    """Two members of a group may hold one event while its partition changes hands."""
    [(told, event)] = events(toy, new_id(), "a")
    [handler] = handlers_of("toy")[event.type]
    body = event.model_dump_json()
    assert await hand(toy, told, event) is Outcome.DONE
    heard = inbox.Heard(handler, told, body)
    assert await inbox.park(toy.begin, heard, "slow") is Outcome.PARKED

    assert await redeliver(toy.begin, handlers_of("toy")) == (1, 0)
    assert await notes(toy, event.tool_id) == ["a"]


async def test_a_record_that_is_not_ours_is_passed_over(toy: Running) -> None:
    consumer = inbox.Consumer(toy.begin, handlers_of("toy"), "nowhere:1", "t", "toy", "0")
    [(told, event)] = events(toy, new_id(), "ours")
    ours: dict[str, Any] = dict(told.headers())
    body = event.model_dump_json().encode()
    foreign: list[dict[str, Any]] = [{}, {**ours, "ce_id": None}, {**ours, "ce_id": b"7"}]
    records: list[Any] = [
        SimpleNamespace(topic="t.toy", offset=1, value=body, headers=tuple(headers.items()))
        for headers in [*foreign, ours]
    ]
    await consumer.handle(records)

    assert await notes(toy, event.tool_id) == ["ours"]


async def test_one_handler_of_two_types_keeps_one_order(toy: Running) -> None:
    key = new_id()
    lent, broken = ToolLent(tool_id=key, note="lent"), ToolBroken(tool_id=key, note="broken")
    first, second = toy.envelope(lent), toy.envelope(broken)

    assert await hand(toy, second, broken) is Outcome.DONE
    assert await hand(toy, first, lent) is Outcome.STALE


async def test_events_that_come_together_are_handled_together_and_a_poisoned_one_alone(
    toy: Running,
) -> None:
    keys = [new_id() for _ in range(10)]
    poisoned.add("note 3")
    told = [events(toy, key, f"note {number}")[0] for number, key in enumerate(keys)]
    [handler] = handlers_of("toy")[ToolLent.type]
    heard = [inbox.Heard(handler, one, event.model_dump_json()) for one, event in told]
    await inbox.deliver_together(toy.begin, heard[:3])
    await inbox.deliver_together(toy.begin, heard, [0.0])

    found = [await notes(toy, key) for key in keys]
    assert found == [[] if number == 3 else [f"note {number}"] for number in range(10)]
    async with toy.begin() as tx:
        [dead] = await tx.run("SELECT key FROM dead_events")
        transactions = await tx.run("SELECT DISTINCT xmin::text FROM inbox")
    assert dead["key"] == keys[3]
    assert len(transactions) == 1 + 6
