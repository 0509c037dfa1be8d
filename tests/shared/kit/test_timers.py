"""What falls due is handled once, by whoever is there, and not at all once it was cancelled."""

import asyncio
import time
from datetime import timedelta

import pytest

from shared.kit.clock import OffsetClock, wall_now
from shared.kit.ids import new_id
from shared.kit.session import Transaction
from shared.kit.timers import TICKS_MAX, Alarm, Timer, Timers
from tests.support.due import run_due
from tests.support.service import Running
from tests.support.toy.storage import Tool


class Heard:
    """Timers that note what they were told."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.fail = 0
        kinds = {"inside": {"in": self.inside}, "outside": {"out": self.outside}}
        self.timers = Timers(**kinds, backoff_seconds=[0.0])  # type: ignore[arg-type]

    async def inside(self, tx: Transaction, timer: Timer) -> None:
        await self.outside(timer)
        await tx.run("INSERT INTO notes (tool, note) VALUES ($1, 'due')", timer.ref)

    async def outside(self, timer: Timer) -> None:
        if self.fail:
            self.fail -= 1
            raise RuntimeError("not now")
        self.heard.append(timer.payload["what"])


async def set_timer(toy: Running, kind: str, ref: object, what: str, **after: float) -> None:
    async with toy.begin() as tx:
        await tx.schedule(kind, ref, tx.now + timedelta(**after), what=what)  # type: ignore[arg-type]


def later(**of: float) -> OffsetClock:
    return OffsetClock(timedelta(**of).total_seconds())


@pytest.mark.parametrize("kind", ["in", "out"])
async def test_it_runs_when_due_and_not_before(toy: Running, kind: str) -> None:
    heard = Heard()
    await set_timer(toy, kind, new_id(), "a", minutes=5)

    assert await run_due(heard.timers, toy.begin, later(minutes=4)) == 0
    assert await run_due(heard.timers, toy.begin, later(minutes=6)) == 1
    assert await run_due(heard.timers, toy.begin, later(minutes=6)) == 0
    assert heard.heard == ["a"]


@pytest.mark.parametrize("kind", ["in", "out"])
async def test_four_runners_at_once_run_each_once(toy: Running, kind: str) -> None:
    heard = Heard()
    for number in range(20):
        await set_timer(toy, kind, new_id(), str(number), minutes=0)
    await asyncio.gather(*(run_due(heard.timers, toy.begin, later(minutes=1)) for _ in range(4)))

    assert sorted(heard.heard, key=int) == [str(number) for number in range(20)]


async def test_a_cancelled_one_does_not_run(toy: Running) -> None:
    heard, ref = Heard(), new_id()
    await set_timer(toy, "in", ref, "a", minutes=0)
    async with toy.begin() as tx:
        await tx.cancel_timer("in", ref)

    assert await run_due(heard.timers, toy.begin, later(minutes=1)) == 0


async def test_setting_it_again_moves_it(toy: Running) -> None:
    heard, ref = Heard(), new_id()
    await set_timer(toy, "in", ref, "early", minutes=1)
    await set_timer(toy, "in", ref, "late", minutes=9)

    assert await run_due(heard.timers, toy.begin, later(minutes=2)) == 0
    assert await run_due(heard.timers, toy.begin, later(minutes=10)) == 1
    assert heard.heard == ["late"]


@pytest.mark.parametrize("kind", ["in", "out"])
async def test_one_that_fails_is_tried_again_and_leaves_no_half(toy: Running, kind: str) -> None:
    heard, ref = Heard(), new_id()
    heard.fail = 2
    await set_timer(toy, kind, ref, "a", minutes=0)
    for _ in range(4):
        await run_due(heard.timers, toy.begin, later(minutes=1))

    assert heard.heard == ["a"]
    async with toy.begin() as tx:
        assert len(await tx.run("SELECT 1 FROM notes")) == (1 if kind == "in" else 0)
        assert await tx.run("SELECT 1 FROM timers") == []


async def test_a_slow_call_keeps_no_other_timer_waiting(toy: Running) -> None:
    heard, answered = Heard(), asyncio.Event()

    async def slow(timer: Timer) -> None:
        await answered.wait()

    heard.timers.outside["out"] = slow
    await set_timer(toy, "out", new_id(), "slow", minutes=0)
    running = asyncio.create_task(heard.timers.run(toy.begin, later(minutes=1), Alarm()))
    await asyncio.sleep(0.3)
    await set_timer(toy, "in", new_id(), "quick", minutes=0)
    for _ in range(100):
        if heard.heard:
            break
        await asyncio.sleep(0.05)
    answered.set()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert heard.heard == ["quick"]


async def test_a_failure_does_not_postpone_one_set_anew_meanwhile(toy: Running) -> None:
    heard, ref = Heard(), new_id()

    async def sets_anew_and_fails(timer: Timer) -> None:
        await set_timer(toy, "out", ref, "anew", minutes=2)
        raise RuntimeError("not now")

    heard.timers.outside["out"] = sets_anew_and_fails
    await set_timer(toy, "out", ref, "first", minutes=0)
    await run_due(heard.timers, toy.begin, later(minutes=1))
    async with toy.begin() as tx:
        [row] = await tx.run("SELECT attempts, leased_until FROM timers")

    assert (row["attempts"], row["leased_until"]) == (0, None)


async def test_a_lease_cut_short_is_taken_over(toy: Running) -> None:
    """A process that died while it called out leaves the timer to the next after its lease."""
    heard = Heard()
    await set_timer(toy, "out", new_id(), "a", minutes=0)
    await heard.timers._lease(toy.begin, later(minutes=1), ["out"])
    assert await run_due(heard.timers, toy.begin, later(minutes=1)) == 0
    async with toy.begin() as tx:
        await tx.run("UPDATE timers SET leased_until = clock_timestamp() - interval '1 second'")

    assert await run_due(heard.timers, toy.begin, later(minutes=1)) == 1


async def test_one_taken_back_while_its_handler_waits_for_the_lock_has_no_effect(
    toy: Running,
) -> None:
    """A use case locks its row and cancels; the timer's handler wants that row: no deadlock."""
    heard, tool = Heard(), Tool(name="saw")

    async def wants_the_row(tx: Transaction, timer: Timer) -> None:
        await tx.run("SELECT 1 FROM tools WHERE id = $1 FOR UPDATE", timer.ref)
        await heard.inside(tx, timer)

    heard.timers.inside["in"] = wants_the_row
    async with toy.begin() as tx:
        tx.write(tool)
        await tx.schedule("in", tool.id, tx.now, what="late")
    async with toy.begin() as tx:
        await tx.run("SELECT 1 FROM tools WHERE id = $1 FOR UPDATE", tool.id)
        running = asyncio.create_task(run_due(heard.timers, toy.begin, later(minutes=1)))
        await asyncio.sleep(0.3)
        await tx.cancel_timer("in", tool.id)
    await running

    async with toy.begin() as tx:
        assert await tx.run("SELECT 1 FROM notes") == []
        assert await tx.run("SELECT 1 FROM timers") == []


async def test_one_taken_back_elsewhere_stays_moot_if_its_handler_sets_and_cancels_it(
    toy: Running,
) -> None:
    heard, ref = Heard(), new_id()

    async def of_two_minds(tx: Transaction, timer: Timer) -> None:
        await heard.inside(tx, timer)
        async with toy.begin() as other:
            await other.cancel_timer("in", ref)
        await tx.schedule("in", ref, timer.due_at + timedelta(minutes=1), what="again")
        await tx.cancel_timer("in", ref)

    heard.timers.inside["in"] = of_two_minds
    await set_timer(toy, "in", ref, "first", minutes=0)
    await run_due(heard.timers, toy.begin, later(minutes=1))

    assert heard.heard == ["first"]
    async with toy.begin() as tx:
        assert await tx.run("SELECT 1 FROM notes") == []
        assert await tx.run("SELECT 1 FROM timers") == []


async def test_a_handler_may_set_its_own_timer_anew(toy: Running) -> None:
    heard, ref = Heard(), new_id()

    async def again(tx: Transaction, timer: Timer) -> None:
        heard.heard.append(timer.payload["what"])
        if len(heard.heard) < 3:
            await tx.schedule("in", ref, timer.due_at + timedelta(minutes=1), what="again")
            if len(heard.heard) == 2:
                await tx.flush()

    heard.timers.inside["in"] = again
    await set_timer(toy, "in", ref, "first", minutes=0)
    for minutes in (1, 3, 5, 7):
        await run_due(heard.timers, toy.begin, later(minutes=minutes))

    assert heard.heard == ["first", "again", "again"]


def test_what_a_process_without_timers_sets_takes_no_room_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    alarm, now, passed = Alarm(), wall_now(), 0.0
    monkeypatch.setattr("time.monotonic", lambda: passed)
    for _ in range(1000):
        alarm(now + timedelta(seconds=30), now)
    assert len(alarm._due) == 1  # One look serves all of a tick.
    for _ in range(5_000):
        passed += 1
        alarm(now + timedelta(seconds=30), now)
        assert len(alarm._due) <= TICKS_MAX + 1


async def test_one_that_is_due_at_once_does_not_wait_for_the_next_look(toy: Running) -> None:
    alarm = Alarm()
    now = toy.clock.now()
    began = time.monotonic()
    alarm(now + timedelta(seconds=0.2), now)
    waiting = asyncio.create_task(alarm.wait(5))
    await asyncio.sleep(0.01)
    alarm(now + timedelta(seconds=0.1), now)  # It is told while it waits for the other.
    await waiting
    await alarm.wait(5)
    await alarm.wait(5)

    assert time.monotonic() - began < 2
