"""The notices WeChat Pay owes the merchant: sealed when they are made, kept until answered."""

import json
import sqlite3
import uuid
from typing import Any

from deploy.sandbox.keys import Keys
from deploy.sandbox.wechat_wire import encoded, hk_time, sealed

RETRY_SECONDS = (
    *(15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600),
    *(10_800, 10_800, 10_800, 21_600, 21_600),
)
ANSWERS_KEPT = 20
SUMMARIES = {
    "TRANSACTION.SUCCESS": "支付成功",
    "REFUND.SUCCESS": "退款成功",
    "REFUND.ABNORMAL": "退款异常",
    "REFUND.CLOSED": "退款关闭",
}


def envelope(keys: Keys, event_type: str, plain: dict[str, Any], now: float) -> dict[str, Any]:
    """A notice as it travels: who, when and what, with the facts sealed inside."""
    kind = event_type.partition(".")[0].lower()
    return {
        "id": str(uuid.uuid4()),
        "create_time": hk_time(now),
        "event_type": event_type,
        "resource_type": "encrypt-resource",
        "summary": SUMMARIES.get(event_type, event_type),
        "resource": {"original_type": kind} | sealed(keys, encoded(plain), kind),
    }


def post(
    db: sqlite3.Connection,
    keys: Keys,
    out_trade_no: str,
    event_type: str,
    url: str,
    plain: dict[str, Any],
    now: float,
) -> None:
    """Owe the merchant a notice, due at once."""
    body = envelope(keys, event_type, plain, now)
    db.execute(
        "INSERT INTO notices (id, out_trade_no, event_type, url, body, created_at, due_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (body["id"], out_trade_no, event_type, url, encoded(body), now, now),
    )


def due(db: sqlite3.Connection, count: int) -> list[sqlite3.Row]:
    """The notices that are next, soonest first, whether or not their moment has come."""
    query = "SELECT * FROM notices WHERE due_at IS NOT NULL ORDER BY due_at, created_at LIMIT ?"
    return db.execute(query, (count,)).fetchall()


def note_answer(
    db: sqlite3.Connection, notice: sqlite3.Row, answer: dict[str, Any], now: float
) -> None:
    """Write down what the merchant answered, and when to try again if that was no yes."""
    attempts = notice["attempts"] + 1
    answers = [*json.loads(notice["answers"]), answer][-ANSWERS_KEPT:]
    if 200 <= answer.get("http_status", 0) < 300:
        mail_state, due_at = "DELIVERED", None
        release_held(db, notice["out_trade_no"], now)
    elif attempts > len(RETRY_SECONDS):
        mail_state, due_at = "GIVEN_UP", None
    else:
        mail_state, due_at = "WAITING", now + RETRY_SECONDS[attempts - 1]
    db.execute(
        "UPDATE notices SET mail_state = ?, due_at = ?, attempts = ?, answers = ? WHERE id = ?",
        (mail_state, due_at, attempts, json.dumps(answers), notice["id"]),
    )


def note_probe(db: sqlite3.Connection, notice_id: str, answer: dict[str, Any]) -> None:
    """Write down what the merchant said to a probe; anything but a refusal is its fault."""
    query = "SELECT probe_answers FROM notices WHERE id = ?"
    known = json.loads(db.execute(query, (notice_id,)).fetchone()["probe_answers"])
    answers = json.dumps([*known, answer][-ANSWERS_KEPT:])
    db.execute("UPDATE notices SET probe_answers = ? WHERE id = ?", (answers, notice_id))


def lose(db: sqlite3.Connection, notice_id: str) -> None:
    """Never deliver this notice."""
    lost = "UPDATE notices SET mail_state = 'LOST', due_at = NULL WHERE id = ?"
    db.execute(lost, (notice_id,))


def hold(db: sqlite3.Connection, notice_id: str, until: float) -> None:
    """Let later notices of the same trade pass this one, until an instant at most."""
    held = "UPDATE notices SET mail_state = 'HELD', due_at = ? WHERE id = ?"
    db.execute(held, (until, notice_id))


def release_held(db: sqlite3.Connection, out_trade_no: str, now: float) -> None:
    """Another notice of the trade has passed: those held back are due."""
    db.execute(
        "UPDATE notices SET due_at = ? WHERE out_trade_no = ? AND mail_state = 'HELD'",
        (now, out_trade_no),
    )


def resend(db: sqlite3.Connection, out_trade_no: str, now: float) -> int:
    """Owe every notice of a trade once more, those lost too; how many there are."""
    again = db.execute(
        "UPDATE notices SET mail_state = 'HELD', due_at = ?, attempts = 0 WHERE out_trade_no = ?",
        (now, out_trade_no),
    )
    return again.rowcount


def listing(db: sqlite3.Connection, out_trade_no: str) -> list[dict[str, Any]]:
    """The notices of one trade with what was answered."""
    query = "SELECT * FROM notices WHERE out_trade_no = ? ORDER BY created_at"
    return [
        {
            "id": row["id"],
            "event_type": row["event_type"],
            "url": row["url"],
            "mail_state": row["mail_state"],
            "attempts": row["attempts"],
            "due_at": None if row["due_at"] is None else hk_time(row["due_at"]),
            "answers": json.loads(row["answers"]),
            "probe_answers": json.loads(row["probe_answers"]),
        }
        for row in db.execute(query, (out_trade_no,))
    ]
