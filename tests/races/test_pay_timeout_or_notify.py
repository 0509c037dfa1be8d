"""The pay time-out against the network's notice: paid, or cancelled and refunded once.

The network of these rounds says yes to a close and goes on taking money, as if it had crossed the
user's thumb: without that no money would ever be late. Its notices come signed over HTTP.
"""

import asyncio
import itertools
import os
import random
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import FastAPI

from deploy.local.ports import any_free
from shared.contracts.payment import LateCaptured, PaymentCaptured, PaymentUnpaid, Refunded
from tests.conftest import ServiceFixture
from tests.races.contest import Contest
from tests.services.payment.conftest import _reached, _together
from tests.services.payment.world import World
from tests.support.sandbox import sandbox_of
from tests.support.service import _served, as_json

ROUNDS, IN_FLIGHT = 500, 50
PLACED_AT_ONCE = 10  # The rounds themselves are the race; on a busy machine these waited in vain.
SIDES = ("notice", "deadline")
WINNER = {"captured": "notice", "unpaid": "deadline"}
PAY_SECONDS = 60
PATIENCE_SECONDS = 30
CLOSED_IS_NOT_CLOSED = """
CREATE TRIGGER IF NOT EXISTS takes_money_all_the_same AFTER UPDATE OF trade_state ON trades
WHEN new.trade_state = 'CLOSED' AND old.trade_state = 'NOTPAY' BEGIN
    UPDATE trades SET trade_state = 'NOTPAY' WHERE out_trade_no = new.out_trade_no;
END
"""
# Without statistics the planner would look through all entries for each row: escrow is summed once.
HOW_IT_ENDED = """
WITH escrow AS MATERIALIZED (
    SELECT c.code, sum(e.amount_minor) AS minor
    FROM entries e JOIN accounts c ON c.id = e.account_id
    WHERE c.code LIKE 'liab:escrow:order:%' GROUP BY c.code)
SELECT p.order_id, p.state, a.id AS attempt, a.state AS attempt_state, a.amount_minor,
    (SELECT array_agg(r.state || ' ' || r.reason || ' ' || r.amount_minor) FROM refunds r
        WHERE r.payment_id = a.id) AS refunds,
    coalesce(escrow.minor, 0) AS escrow,
    (SELECT count(*) FROM timers t WHERE t.ref IN (p.order_id, a.id)) AS timers
FROM payables p JOIN payments a ON a.order_id = p.order_id
LEFT JOIN escrow ON escrow.code = 'liab:escrow:order:' || p.order_id
WHERE a.id = ANY($1::uuid[])
"""


@pytest.fixture
async def world(service: ServiceFixture) -> AsyncIterator[World]:
    """Payment and the outside world, which sends its notices to payment's own port."""
    sandbox = await sandbox_of(os.environ, "takes-late-money")
    with sqlite3.connect(sandbox.credentials.parent / "sandbox.sqlite3") as book:
        book.execute(CLOSED_IS_NOT_CLOSED)
    book.close()
    port = any_free()
    public = {"PUBLIC_URL": f"http://127.0.0.1:{port}"}
    payment = await service("payment", **(sandbox.settings() | public))
    outer = FastAPI()
    outer.mount("/api/v1", payment.app)
    async with _served(outer, port), _reached(sandbox) as reached:
        yield await _together(World(payment, reached))


@pytest.mark.timeout(200)
@pytest.mark.race("payable_for_update")
async def test_money_at_the_deadline_is_captured_or_refunded_once(world: World) -> None:
    contest = Contest(dict.fromkeys(SIDES, 0.4), random.Random(3))
    while contest.rounds < ROUNDS:
        turns = asyncio.Semaphore(PLACED_AT_ONCE)
        rounds = await asyncio.gather(*(_at_the_sheet(world, turns) for _ in range(IN_FLIGHT)))
        favoured = dict(zip(rounds, itertools.cycle(SIDES)))
        await _at_once(world, contest, favoured)
        won = await _ends(world, rounds)
        for attempt in rounds:
            contest.note(won[attempt])
        for side in SIDES:
            tries = [won[attempt] == side for attempt in rounds if favoured[attempt] == side]
            if sum(tries) < len(tries) / 4:
                contest.widen(side)
    print(f"pay time-out or notice: {contest}")  # noqa: T201 - the race says so.

    assert contest.is_fair, contest
    await _each_ended_one_way(world, contest)


async def _at_the_sheet(world: World, turns: asyncio.Semaphore) -> str:
    """An order whose user looks at WeChat's pay sheet; the attempt to pay it."""
    async with turns:
        placed = await world.place(pay_minutes=PAY_SECONDS / 60)
        return str((await world.begin_paying(placed))["payment_id"])


async def _at_once(world: World, contest: Contest, favoured: dict[str, str]) -> None:
    """All deadlines fall due together; each user pays around that moment."""
    barrier = asyncio.Barrier(len(favoured) + 1)

    async def pay(attempt: str) -> None:
        after = contest.delays(favoured[attempt])
        await barrier.wait()
        await asyncio.sleep(after["notice"])
        await world.pay_at_wechat(attempt)

    async def fall_due() -> None:
        after = contest.delays("notice")
        await barrier.wait()
        await asyncio.sleep(after["deadline"])
        clock = world.payment.clock
        clock.advance_to(clock.offset_seconds + PAY_SECONDS + 1)
        await world.payment.run_due()

    await asyncio.gather(fall_due(), *(pay(attempt) for attempt in favoured))
    await world.pass_time(seconds=PAY_SECONDS + 1)  # The network's clock comes after.


async def _ends(world: World, attempts: list[str]) -> dict[str, str]:
    """Once all money has come to rest: who won each of these."""
    for _ in range(PATIENCE_SECONDS * 5):
        async with world.payment.begin() as tx:
            rows = {str(row["attempt"]): row for row in await tx.run(HOW_IT_ENDED, attempts)}
        if all(_is_at_rest(rows[attempt]) for attempt in attempts):
            return {attempt: WINNER[rows[attempt]["state"]] for attempt in attempts}
        await asyncio.sleep(0.2)
        await world.payment.run_due()
    raise AssertionError([dict(row) for row in rows.values() if not _is_at_rest(row)][:3])


def _is_at_rest(row: Any) -> bool:
    refunds = row["refunds"] or []
    taken = row["attempt_state"] in ("captured", "surplus")
    return taken and all(refund.startswith("succeeded") for refund in refunds)


async def _each_ended_one_way(world: World, contest: Contest) -> None:
    """Ledger, events and the network's own book say the same of every round."""
    async with world.payment.begin() as tx:
        [every] = await tx.run("SELECT array_agg(id) FROM payments")
        rows = await tx.run(HOW_IT_ENDED, every[0])
    book = as_json(await world.sandbox.get("/__sandbox/wechat/book"))
    taken = {one["out_trade_no"]: one["total_minor"] for one in book["transactions"]}
    given = Counter[str]()
    for one in book["refunds"]:
        assert one["refund_state"] == "SUCCESS"
        given[one["out_trade_no"]] += one["amount_minor"]
    assert len(book["refunds"]) == len(given) == contest.won["deadline"]

    for row in rows:
        number, paid = row["attempt"].hex, row["amount_minor"]
        assert taken[number] == paid
        if row["state"] == "captured":
            assert (row["attempt_state"], row["refunds"], row["escrow"]) == ("captured", None, paid)
            assert number not in given
        else:
            assert (row["state"], row["attempt_state"]) == ("unpaid", "surplus")
            assert (row["refunds"], row["escrow"]) == ([f"succeeded late {paid}"], 0)
            assert given[number] == paid
        assert row["timers"] == 0, row["order_id"]

    told = Counter(type(event) for event in await world.payment.told())
    late = contest.won["deadline"]
    assert told == {
        PaymentCaptured: contest.won["notice"], PaymentUnpaid: late, LateCaptured: late,
        Refunded: late,
    }  # fmt: skip
