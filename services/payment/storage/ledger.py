"""The ledger's tables: written by the two functions here, append-only for the serving role."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.orm import Mapped, mapped_column

from services.payment.domain.ledger import (
    Account,
    BalanceTooLow,
    Line,
    Posting,
    PostingKind,
    available,
    escrow,
    promotion,
)
from services.payment.storage import Row
from shared.contracts.ids import OrderId, WorkerId
from shared.kit.ids import new_id
from shared.kit.money import Currency, Money
from shared.kit.rows import one_of
from shared.kit.session import Transaction


class AccountRow(Row):
    """An account in one currency; opened by the first entry, never changed."""

    __tablename__ = "accounts"

    code: Mapped[str]
    currency: Mapped[Currency] = mapped_column(one_of(Currency, "currency"))
    limited: Mapped[bool]
    opened_at: Mapped[datetime]
    id: Mapped[UUID] = mapped_column(primary_key=True)

    __table_args__ = (
        UniqueConstraint("code", "currency", name="uq_accounts_code"),
        UniqueConstraint("id", "currency", name="uq_accounts_id"),
    )


class Transfer(Row):
    """One posting; its id follows from what it is about."""

    __tablename__ = "transfers"

    kind: Mapped[PostingKind]
    ref: Mapped[UUID]
    order_id: Mapped[OrderId] = mapped_column(Uuid)
    posted_at: Mapped[datetime]
    id: Mapped[UUID] = mapped_column(primary_key=True)

    __table_args__ = (Index("ix_transfers_order_id", "order_id", "id"),)


class Entry(Row):
    """One side of a transfer: a credit is positive, a debit negative."""

    __tablename__ = "entries"

    transfer_id: Mapped[UUID] = mapped_column(ForeignKey("transfers.id"))
    account_id: Mapped[UUID]
    amount_minor: Mapped[int]
    currency: Mapped[Currency] = mapped_column(one_of(Currency, "currency"))
    id: Mapped[UUID] = mapped_column(primary_key=True)

    __table_args__ = (
        ForeignKeyConstraint(
            ["account_id", "currency"],
            ["accounts.id", "accounts.currency"],
            name="fk_entries_account_id",
        ),
        Index("uq_entries_transfer_id", "transfer_id", "account_id", unique=True),
        Index("ix_entries_account_id", "account_id", "id"),
        CheckConstraint("amount_minor <> 0", "amount_not_zero"),
    )


class Balance(Row):
    """The running balance of a limited account: the sum of its entries, never below zero."""

    __tablename__ = "balances"

    currency: Mapped[Currency] = mapped_column(one_of(Currency, "currency"))
    balance_minor: Mapped[int]
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"), primary_key=True)

    __table_args__ = (CheckConstraint("balance_minor >= 0", "balance_not_negative"),)


# One statement: a transfer that is there already writes nothing at all.
_POST = """
WITH moved AS (
    INSERT INTO transfers (id, kind, ref, order_id, posted_at) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (id) DO NOTHING RETURNING id),
opened AS (
    INSERT INTO accounts (id, code, currency, limited, opened_at)
    SELECT a.id, a.code, a.currency, a.limited, $5
    FROM moved, unnest($6::uuid[], $7::text[], $8::text[], $9::boolean[])
        AS a (id, code, currency, limited)
    ON CONFLICT DO NOTHING),
written AS (
    INSERT INTO entries (id, transfer_id, account_id, amount_minor, currency)
    SELECT e.id, moved.id, e.account_id, e.minor, e.currency
    FROM moved, unnest($10::uuid[], $6::uuid[], $11::bigint[], $8::text[])
        AS e (id, account_id, minor, currency))
SELECT id FROM moved
"""
_CREDIT = """
INSERT INTO balances AS b (account_id, currency, balance_minor) VALUES ($1, $2, $3)
ON CONFLICT (account_id) DO UPDATE SET balance_minor = b.balance_minor + excluded.balance_minor
"""
_OPEN_ALL = """
INSERT INTO accounts (id, code, currency, limited, opened_at)
SELECT a.id, a.code, a.currency, a.limited, $5
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::boolean[]) AS a (id, code, currency, limited)
ON CONFLICT DO NOTHING
"""
_DEBIT = """
UPDATE balances SET balance_minor = balance_minor + $2
WHERE account_id = $1 AND balance_minor + $2 >= 0 RETURNING balance_minor
"""


async def post(tx: Transaction, posting: Posting) -> bool:
    """Write the posting; False if it was written before. Raises BalanceTooLow."""
    if not posting.lines:
        return False
    ids, entry_ids, lines = _in_order(posting)
    moved = await tx.run(
        _POST,
        *(posting.id, posting.kind, posting.ref, posting.order_id, tx.now),
        *(ids, [line.account.code for line in lines]),
        *([line.amount.currency for line in lines], [line.account.limited for line in lines]),
        *(entry_ids, [line.amount.minor for line in lines]),
    )
    if not moved:
        return False
    for id, line in zip(ids, lines, strict=True):
        if line.account.limited:
            await _balance(tx, id, line)
    return True


def post_first(tx: Transaction, posting: Posting) -> None:
    """Write a posting that its row's state lets happen only once, with all else written last.

    It may give to one limited account and take from none. Were it there already, nothing at all
    of the transaction would be written.
    """
    if not posting.lines:
        return
    ids, entry_ids, lines = _in_order(posting)
    limited = [line.account.limited for line in lines]
    currencies = [line.amount.currency for line in lines]
    opened = (ids, [line.account.code for line in lines], currencies, limited, tx.now)
    transfer = Transfer(
        id=posting.id,
        kind=posting.kind,
        ref=posting.ref,
        order_id=posting.order_id,
        posted_at=tx.now,
    )
    tx.later(_OPEN_ALL, *opened)
    tx.write(transfer, *map(partial(_entry, posting), entry_ids, ids, lines))
    for id, line in zip(ids, lines, strict=True):
        if line.account.limited:
            tx.later(_CREDIT, id, line.amount.currency, line.amount.minor)


def _in_order(posting: Posting) -> tuple[list[UUID], list[UUID], list[Line]]:
    """The accounts' ids, the entries' ids and the lines, all in the order of the accounts' ids.

    Accounts are opened and balances changed in one order everywhere, so that two postings never
    deadlock. Entries' ids keep the order in which the posting tells them.
    """
    rows = [(line.account.id(line.amount.currency), new_id(), line) for line in posting.lines]
    rows.sort(key=lambda row: row[0])
    return [row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows]


def _entry(posting: Posting, id: UUID, account_id: UUID, line: Line) -> Entry:
    return Entry(
        id=id,
        transfer_id=posting.id,
        account_id=account_id,
        amount_minor=line.amount.minor,
        currency=line.amount.currency,
    )


async def _balance(tx: Transaction, id: UUID, line: Line) -> None:
    amount = line.amount
    if amount.minor > 0:
        await tx.run(_CREDIT, id, amount.currency, amount.minor)
    elif not await tx.run(_DEBIT, id, amount.minor):
        raise BalanceTooLow(account=line.account.code)


async def balance_of(tx: Transaction, account: Account, currency: Currency) -> Money:
    """What a limited account holds."""
    sql = "SELECT balance_minor FROM balances WHERE account_id = $1"
    rows = await tx.run(sql, account.id(currency))
    return Money(rows[0]["balance_minor"] if rows else 0, currency)


async def escrow_of(tx: Transaction, order_id: OrderId, currency: Currency) -> Money:
    """What is held for the order."""
    return await balance_of(tx, escrow(order_id), currency)


async def wallet_balances(tx: Transaction, worker_id: WorkerId) -> list[Money]:
    """What the worker may withdraw, one sum a currency they ever earned in."""
    ids = [available(worker_id).id(currency) for currency in Currency]
    sql = (
        "SELECT currency, balance_minor FROM balances"
        " WHERE account_id = ANY($1::uuid[]) ORDER BY currency"
    )
    rows = await tx.run(sql, ids)
    return [Money(row["balance_minor"], Currency(row["currency"])) for row in rows]


async def wallet_entries(
    tx: Transaction, worker_id: WorkerId, currency: Currency, before: UUID | None, limit: int
) -> Sequence[Any]:
    """The worker's entries, newest first, with what each was for."""
    return await tx.run(
        "SELECT e.id, e.amount_minor, e.currency, t.kind, t.order_id, t.posted_at"
        " FROM entries e JOIN transfers t ON t.id = e.transfer_id"
        " WHERE e.account_id = $1 AND ($2::uuid IS NULL OR e.id < $2)"
        " ORDER BY e.id DESC LIMIT $3",
        *(available(worker_id).id(currency), before, limit),
    )


async def lines_of(tx: Transaction, order_id: OrderId) -> Sequence[Any]:
    """Every entry about the order, in the order they were written."""
    return await tx.run(
        "SELECT t.id AS transfer_id, t.kind, t.posted_at, a.code, e.amount_minor, e.currency"
        " FROM transfers t JOIN entries e ON e.transfer_id = t.id"
        " JOIN accounts a ON a.id = e.account_id"
        " WHERE t.order_id = $1 ORDER BY t.posted_at, t.id, e.id",
        order_id,
    )


async def promotions_spent(tx: Transaction, order_id: OrderId) -> bool:
    """Whether some of the platform's discounts on the order have not come back to their budget."""
    rows = await tx.run(
        "SELECT FROM transfers t JOIN entries e ON e.transfer_id = t.id"
        " JOIN accounts a ON a.id = e.account_id"
        " WHERE t.order_id = $1 AND starts_with(a.code, $2) HAVING sum(e.amount_minor) <> 0",
        *(order_id, promotion("").code),
    )
    return bool(rows)


async def trial_balance(tx: Transaction) -> Sequence[Any]:
    """Debits and credits by group of accounts and currency; a report over the whole ledger."""
    return await tx.run(
        "SELECT regexp_replace(a.code, ':[0-9a-f]{8}-[0-9a-f-]{27}', '') AS account, e.currency,"
        " sum(-e.amount_minor) FILTER (WHERE e.amount_minor < 0) AS debit_minor,"
        " sum(e.amount_minor) FILTER (WHERE e.amount_minor > 0) AS credit_minor"
        " FROM entries e JOIN accounts a ON a.id = e.account_id"
        " GROUP BY 1, 2 ORDER BY 1, 2"
    )
