"""The database itself keeps the ledger's rules."""

import asyncio
from typing import Any

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError

from services.payment.domain import ledger
from services.payment.domain.ledger import Account, BalanceTooLow, Line, Posting, PostingKind
from services.payment.storage.ledger import escrow_of, post, post_first
from shared.contracts.ids import OrderId
from shared.kit.ids import new_id
from shared.kit.money import Currency
from tests.services.payment.world import World, hkd


async def held(world: World, minor: int) -> OrderId:
    order_id = OrderId(new_id())
    async with world.payment.begin() as tx:
        await post(tx, ledger.captured(new_id(), order_id, "wechat", hkd(minor), []))
    return order_id


async def test_posting_twice_and_at_once_is_posting_once(world: World) -> None:
    order_id, payment_id = OrderId(new_id()), new_id()
    posting = ledger.captured(payment_id, order_id, "wechat", hkd(700), [])

    async def write() -> bool:
        async with world.payment.begin() as tx:
            return await post(tx, posting)

    assert sum(await asyncio.gather(*(write() for _ in range(10)))) == 1
    async with world.payment.begin() as tx:
        assert await escrow_of(tx, order_id, Currency.HKD) == hkd(700)


async def test_of_two_first_postings_one_transaction_stays(world: World) -> None:
    order_id = OrderId(new_id())
    posting = ledger.captured(new_id(), order_id, "wechat", hkd(700), [("WELCOME", hkd(50))])

    async def write() -> bool:
        try:
            async with world.payment.begin() as tx:
                post_first(tx, posting)
        except asyncpg.UniqueViolationError:
            return False
        return True

    assert sum(await asyncio.gather(*(write() for _ in range(6)))) == 1
    async with world.payment.begin() as tx:
        assert await post(tx, posting) is False
        assert await escrow_of(tx, order_id, Currency.HKD) == hkd(750)
        rows = await tx.run("SELECT 1 FROM entries WHERE transfer_id = $1", posting.id)
    assert len(rows) == 3


async def test_an_escrow_is_never_overdrawn_by_rivals(world: World) -> None:
    order_id = await held(world, 1_000)

    async def take() -> bool:
        try:
            async with world.payment.begin() as tx:
                return await post(tx, ledger.refund_owed(new_id(), order_id, hkd(300)))
        except BalanceTooLow:
            return False

    assert sum(await asyncio.gather(*(take() for _ in range(12)))) == 3
    async with world.payment.begin() as tx:
        assert await escrow_of(tx, order_id, Currency.HKD) == hkd(100)
        rows = await tx.run("SELECT 1 FROM transfers WHERE order_id = $1", order_id)
    assert len(rows) == 4  # What was refused has left nothing behind.


async def test_opposite_postings_of_many_accounts_do_not_deadlock(world: World) -> None:
    orders = [await held(world, 10_000) for _ in range(4)]

    async def move(source: OrderId, target: OrderId) -> None:
        lines = [
            Line(ledger.escrow(source), hkd(-1)),
            Line(ledger.escrow(target), hkd(1)),
        ]
        async with world.payment.begin() as tx:
            await post(tx, Posting(PostingKind.SETTLED, new_id(), source, lines))

    pairs = [(a, b) for a in orders for b in orders if a != b] * 3
    await asyncio.gather(*(move(a, b) for a, b in pairs))
    async with world.payment.begin() as tx:
        sums = [(await escrow_of(tx, order, Currency.HKD)).minor for order in orders]
    assert sums == [10_000] * 4


@pytest.mark.parametrize("first", [False, True])
async def test_accounts_opened_at_once_from_both_ends_do_not_deadlock(
    world: World, first: bool
) -> None:
    codes = sorted((f"rev:{new_id()}" for _ in range(3)), key=lambda code: Account(code).id("HKD"))
    lowest, middle, highest = map(Account, codes)

    async def write(*amounts: tuple[Account, int]) -> None:
        lines = [Line(account, hkd(minor)) for account, minor in amounts]
        posting = Posting(PostingKind.SETTLED, new_id(), OrderId(new_id()), lines)
        async with world.payment.begin() as tx:
            if first:
                post_first(tx, posting)
            else:
                await post(tx, posting)

    # The inner transaction holds both up in the midst of their accounts, until it ends.
    async with asyncio.TaskGroup() as rivals, world.payment.begin() as tx:
        lines = [Line(middle, hkd(1)), Line(Account("rev:other"), hkd(-1))]
        await post(tx, Posting(PostingKind.SETTLED, new_id(), OrderId(new_id()), lines))
        rivals.create_task(write((lowest, 1), (middle, 1), (highest, -2)))
        rivals.create_task(write((highest, 2), (middle, -1), (lowest, -1)))
        await world.lock_waited_for(by=2)
    async with world.payment.begin() as tx:
        sql = "SELECT 1 FROM accounts WHERE code = ANY($1)"
        assert len(await tx.run(sql, codes)) == 3


@pytest.mark.parametrize("table", ["transfers", "entries", "accounts", "commission_rules"])
@pytest.mark.parametrize("act", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {}"])
async def test_what_is_written_stays_as_it_is(world: World, table: str, act: str) -> None:
    await held(world, 5)
    column = {"transfers": "kind", "entries": "currency", "accounts": "code"}.get(table, "reason")
    sql = act.format(table, column, column)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with world.payment.begin() as tx:
            await tx.run(sql)


async def test_a_transfer_that_does_not_balance_cannot_commit(world: World) -> None:
    order_id = await held(world, 5)
    refused: Any = (asyncpg.PostgresError, DBAPIError)
    with pytest.raises(refused, match="does not balance"):
        async with world.payment.begin() as tx:
            [row] = await tx.run("SELECT * FROM transfers WHERE order_id = $1", order_id)
            await tx.run(
                "INSERT INTO entries (id, transfer_id, account_id, amount_minor, currency)"
                " SELECT $1, $2, id, 7, 'HKD' FROM accounts WHERE code = $3",
                *(new_id(), row["id"], "rev:cancellation_fee"),
            )
            await tx.run(
                "INSERT INTO accounts VALUES ('rev:x', 'HKD', false, now(), $1)",
                other := new_id(),
            )
            await tx.run(
                "INSERT INTO entries (id, transfer_id, account_id, amount_minor, currency)"
                " VALUES ($1, $2, $3, 7, 'HKD')",
                *(new_id(), row["id"], other),
            )


async def test_an_entry_keeps_to_its_account_s_currency(world: World) -> None:
    order_id = await held(world, 5)
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        async with world.payment.begin() as tx:
            await tx.run(
                "INSERT INTO entries (id, transfer_id, account_id, amount_minor, currency)"
                " SELECT $1, e.transfer_id, $2, 7, 'CNY' FROM entries e"
                " JOIN transfers t ON t.id = e.transfer_id WHERE t.order_id = $3 LIMIT 1",
                *(new_id(), ledger.promotion("X").id("HKD"), order_id),
            )


async def test_running_balances_are_the_sums_of_their_entries(world: World) -> None:
    for _ in range(3):
        placed, _ = await world.captured(100_000, weights=(1, 2))
        await world.accept(placed, world.crew(placed, True, False))
    await world.payment.run_due()
    async with world.payment.begin() as tx:
        wrong = await tx.run(
            "SELECT b.account_id FROM balances b LEFT JOIN entries e USING (account_id)"
            " GROUP BY b.account_id, b.balance_minor"
            " HAVING b.balance_minor <> coalesce(sum(e.amount_minor), 0)"
        )
        [total] = await tx.run("SELECT sum(amount_minor) FROM entries")
    assert (wrong, total[0]) == ([], 0)
