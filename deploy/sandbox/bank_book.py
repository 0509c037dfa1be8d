"""The escrow bank's own book: one sub-account per order, never below zero, every line kept.

Beside them stands the platform's operating account, which pays its part of an order's money in.
"""

import json
import sqlite3
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

PLATFORM = "platform"  # The party that holds the operating account.
HONG_KONG = timezone(timedelta(hours=8))


class InsufficientFunds(Exception):
    """The sub-account does not hold what should leave it."""


class WrongCurrency(Exception):
    """The sub-account is kept in another currency."""


class InstructionDiffers(Exception):
    """An instruction of this id was executed with another body."""


def credit(
    db: sqlite3.Connection,
    order_id: str,
    amount: tuple[int, str],
    kind: str,
    ref: str,
    now: float,
    whence: tuple[str | None, str | None] = (None, None),
) -> None:
    """Money comes into the sub-account of an order, which is opened by the first of it."""
    minor, currency = amount
    db.execute(
        "INSERT INTO sub_accounts (order_id, currency) VALUES (?, ?) ON CONFLICT DO NOTHING",
        (order_id, currency),
    )
    if currency_of(db, order_id) != currency:
        raise WrongCurrency
    db.execute(
        "UPDATE sub_accounts SET balance = balance + ? WHERE order_id = ?", (minor, order_id)
    )
    line(db, order_id, (minor, currency), kind, ref, now, whence)


def debit(
    db: sqlite3.Connection, order_id: str, amount: tuple[int, str], kind: str, ref: str, now: float
) -> None:
    """Money leaves the sub-account of an order, never more than it holds."""
    take(db, order_id, *amount)
    line(db, order_id, (-amount[0], amount[1]), kind, ref, now)


def take(db: sqlite3.Connection, order_id: str, minor: int, currency: str) -> None:
    """Lower a balance, or refuse."""
    known = currency_of(db, order_id)
    if known is not None and known != currency:
        raise WrongCurrency
    taken = db.execute(
        "UPDATE sub_accounts SET balance = balance - ? WHERE order_id = ? AND balance >= ?",
        (minor, order_id, minor),
    )
    if not taken.rowcount:
        raise InsufficientFunds


def currency_of(db: sqlite3.Connection, order_id: str) -> str | None:
    """The currency a sub-account is kept in, if there is one."""
    query = "SELECT currency FROM sub_accounts WHERE order_id = ?"
    row = db.execute(query, (order_id,)).fetchone()
    return None if row is None else str(row["currency"])


def balance_of(db: sqlite3.Connection, order_id: str) -> int:
    """What a sub-account holds."""
    query = "SELECT balance FROM sub_accounts WHERE order_id = ?"
    row = db.execute(query, (order_id,)).fetchone()
    return 0 if row is None else int(row["balance"])


def line(
    db: sqlite3.Connection,
    order_id: str,
    amount: tuple[int, str],
    kind: str,
    ref: str,
    now: float,
    to: tuple[str | None, str | None] = (None, None),
) -> None:
    """Write one line of the statement, on its Hong Kong day."""
    db.execute(
        "INSERT INTO bank_lines (booked_on, booked_at, order_id, kind, amount, currency,"
        " reference, party, account) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (hk_day(now), now, order_id, kind, *amount, ref, *to),
    )


def execute(
    db: sqlite3.Connection, body: dict[str, Any], fingerprint: str, now: float
) -> dict[str, Any]:
    """Pay out an order's sub-account as instructed; the same instruction again changes nothing."""
    known = instruction(db, body["id"])
    if known is not None:
        if known["fingerprint"] != fingerprint:
            raise InstructionDiffers
        return executed_view(known)
    currency = body["splits"][0]["currency"]
    total = sum(split["amount_minor"] for split in body["splits"])
    take(db, body["order_id"], total, currency)
    for split in body["splits"]:
        to = (split["party"], split["account"])
        amount = (-split["amount_minor"], currency)
        line(db, body["order_id"], amount, "split", body["id"], now, to)
        if split["party"] == PLATFORM:
            operate(db, split["amount_minor"], currency)
    db.execute(
        "INSERT INTO instructions (id, fingerprint, order_id, executed_at, splits)"
        " VALUES (?, ?, ?, ?, ?)",
        (body["id"], fingerprint, body["order_id"], now, json.dumps(body["splits"])),
    )
    return {"id": body["id"], "state": "executed", "executed_at": utc_time(now)}


def top_up(
    db: sqlite3.Connection, body: dict[str, Any], fingerprint: str, now: float
) -> dict[str, Any]:
    """Pay from the platform's account into an order's; the same top-up again changes nothing."""
    query = "SELECT * FROM top_ups WHERE id = ?"
    known: sqlite3.Row | None = db.execute(query, (body["id"],)).fetchone()
    if known is not None:
        if known["fingerprint"] != fingerprint:
            raise InstructionDiffers
        return executed_view(known)
    order_id, amount = body["order_id"], (body["amount_minor"], body["currency"])
    operate(db, -amount[0], amount[1])
    credit(db, order_id, amount, "top_up", body["id"], now, (PLATFORM, "operating"))
    db.execute(
        "INSERT INTO top_ups (id, fingerprint, order_id, executed_at, amount, currency)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (body["id"], fingerprint, order_id, now, *amount),
    )
    return {"id": body["id"], "state": "executed", "executed_at": utc_time(now)}


def operate(db: sqlite3.Connection, minor: int, currency: str) -> None:
    """Change the balance of the platform's own account, never below zero."""
    opened = "INSERT INTO operating_accounts VALUES (?, 0) ON CONFLICT DO NOTHING"
    db.execute(opened, (currency,))
    changed = db.execute(
        "UPDATE operating_accounts SET balance = balance + ?"
        " WHERE currency = ? AND balance + ? >= 0",
        (minor, currency, minor),
    )
    if not changed.rowcount:
        raise InsufficientFunds


def instruction(db: sqlite3.Connection, instruction_id: str) -> sqlite3.Row | None:
    """One executed instruction."""
    query = "SELECT * FROM instructions WHERE id = ?"
    row: sqlite3.Row | None = db.execute(query, (instruction_id,)).fetchone()
    return row


def executed_view(row: sqlite3.Row) -> dict[str, Any]:
    """What the bank answers about an executed instruction or top-up, always the same."""
    return {"id": row["id"], "state": "executed", "executed_at": utc_time(row["executed_at"])}


def statement(db: sqlite3.Connection, day: str, after: int, limit: int) -> dict[str, Any]:
    """The lines of one Hong Kong day, in order."""
    rows = db.execute(
        "SELECT * FROM bank_lines WHERE booked_on = ? AND seq > ? ORDER BY seq LIMIT ?",
        (day, after, limit + 1),
    ).fetchall()
    more = len(rows) > limit
    lines = [line_view(row) for row in rows[:limit]]
    return {"date": day, "lines": lines, "next_after": lines[-1]["seq"] if more else None}


def book(db: sqlite3.Connection, order_id: str | None, after: int, limit: int) -> dict[str, Any]:
    """Balances and lines, of one order or of all, for those who compare books."""
    where, given = ("WHERE order_id = ?", [order_id]) if order_id else ("", [])
    accounts = db.execute(f"SELECT * FROM sub_accounts {where} ORDER BY order_id", given)
    narrowed = f"{where} {'AND' if where else 'WHERE'} seq > ? ORDER BY seq LIMIT ?"
    rows = db.execute(f"SELECT * FROM bank_lines {narrowed}", [*given, after, limit]).fetchall()
    operating = db.execute("SELECT * FROM operating_accounts ORDER BY currency").fetchall()
    return {
        "operating": [
            {"balance_minor": row["balance"], "currency": row["currency"]} for row in operating
        ],
        "sub_accounts": [
            {
                "order_id": row["order_id"],
                "balance_minor": row["balance"],
                "currency": row["currency"],
            }
            for row in accounts
        ],
        "lines": [line_view(row) for row in rows],
        "next_after": rows[-1]["seq"] if len(rows) == limit else None,
    }


def line_view(row: sqlite3.Row) -> dict[str, Any]:
    """One line of a statement: positive comes in, negative goes out."""
    return {
        "seq": row["seq"],
        "booked_at": utc_time(row["booked_at"]),
        "order_id": row["order_id"],
        "kind": row["kind"],
        "amount_minor": row["amount"],
        "currency": row["currency"],
        "reference": row["reference"],
        "party": row["party"],
        "account": row["account"],
    }


def hk_day(instant: float) -> str:
    """The Hong Kong date of an instant."""
    return datetime.fromtimestamp(instant, HONG_KONG).date().isoformat()


def utc_time(instant: float) -> str:
    """An instant as the bank writes it: RFC 3339 in UTC, microseconds kept."""
    return datetime.fromtimestamp(instant, UTC).isoformat().replace("+00:00", "Z")
