"""WeChat Pay's own book: trades and refunds, and the rules the network keeps for them."""

import hashlib
import json
import secrets
import sqlite3
from datetime import datetime

from deploy.sandbox.bank_book import InsufficientFunds, credit, debit
from deploy.sandbox.faults import Kind
from deploy.sandbox.keys import Keys
from deploy.sandbox.notices import post
from deploy.sandbox.store import fact
from deploy.sandbox.wechat_bodies import Foreign, RefundBody, TradeBody
from deploy.sandbox.wechat_views import refund_notice, trade_notice
from deploy.sandbox.wechat_wire import HONG_KONG, Refused

PREPAY_SECONDS = 2 * 3600
TRADE_SECONDS = 7 * 86_400
REFUND_PARTS_MAX = 50
REFUND_SECONDS_MAX = 365 * 86_400
REFUND_SPACING_SECONDS = 60
REFUND_DELAY_SECONDS = 0.2
ENDS = {
    Kind.REFUND_ABNORMAL: "ABNORMAL",
    Kind.REFUND_CLOSED: "CLOSED",
    Kind.REFUND_PROCESSING: "PROCESSING",
}


def open_trade(db: sqlite3.Connection, body: TradeBody, now: float) -> str:
    """Prepare a payment and answer its prepay_id; the same order again gets the same one."""
    known = trade(db, body.out_trade_no, now)
    if known is not None:
        return reopened(db, known, body, now)
    prepay_id = f"wx{datetime_digits(now)}{secrets.token_hex(10)}"
    db.execute(
        "INSERT INTO trades (out_trade_no, prepay_id, fingerprint, attach, openid, trade_type,"
        " total, currency, notify_url, created_at, prepaid_at, expires_at, trade_state)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'NOTPAY')",
        (
            *(body.out_trade_no, prepay_id, fingerprint(body), body.attach, body.payer.openid),
            *(body.trade_type, body.amount.total, body.amount.currency, body.notify_url),
            *(now, now, expiry(body.time_expire, now)),
        ),
    )
    return prepay_id


def reopened(db: sqlite3.Connection, known: sqlite3.Row, body: TradeBody, now: float) -> str:
    """The prepay_id of an order number used before, if it may be used once more."""
    if known["trade_state"] == "CLOSED":
        raise Refused("ORDER_CLOSED", "该订单已关闭")
    if known["trade_state"] != "NOTPAY":
        raise Refused("OUT_TRADE_NO_USED", "商户订单号重复")
    if known["fingerprint"] != fingerprint(body):
        raise Refused("INVALID_REQUEST", "请求重入时，参数与首次请求时不一致")
    number = (now, known["out_trade_no"])
    db.execute("UPDATE trades SET prepaid_at = ? WHERE out_trade_no = ?", number)
    return str(known["prepay_id"])


def expiry(time_expire: str | None, now: float) -> float:
    """When an order ends if nobody pays it."""
    if time_expire is None:
        return now + TRADE_SECONDS
    wrong = Refused("PARAM_ERROR", "time_expire时间过期或格式错误", field="/body/time_expire")
    try:
        ends = datetime.fromisoformat(time_expire)
    except ValueError:
        raise wrong from None
    if ends.tzinfo is None or ends.timestamp() <= now:
        raise wrong
    return ends.timestamp()


def trade(db: sqlite3.Connection, out_trade_no: str, now: float) -> sqlite3.Row | None:
    """One order as it is by now: an unpaid one past its end is closed."""
    db.execute(
        "UPDATE trades SET trade_state = 'CLOSED'"
        " WHERE out_trade_no = ? AND trade_state = 'NOTPAY' AND expires_at <= ?",
        (out_trade_no, now),
    )
    query = "SELECT * FROM trades WHERE out_trade_no = ?"
    row: sqlite3.Row | None = db.execute(query, (out_trade_no,)).fetchone()
    return row


def trade_paid_as(db: sqlite3.Connection, transaction_id: str) -> sqlite3.Row | None:
    """One paid order by the network's own number."""
    query = "SELECT * FROM trades WHERE transaction_id = ?"
    row: sqlite3.Row | None = db.execute(query, (transaction_id,)).fetchone()
    return row


def close_trade(db: sqlite3.Connection, out_trade_no: str, now: float) -> None:
    """Close an unpaid order; closing it again changes nothing."""
    known = trade(db, out_trade_no, now)
    if known is None:
        raise Refused("ORDER_NOT_EXIST", "订单不存在")
    if known["trade_state"] in {"SUCCESS", "REFUND"}:
        raise Refused("ORDERPAID", "该订单已支付")
    close = "UPDATE trades SET trade_state = 'CLOSED' WHERE out_trade_no = ?"
    db.execute(close, (out_trade_no,))


def pay_trade(db: sqlite3.Connection, keys: Keys, known: sqlite3.Row, now: float) -> sqlite3.Row:
    """The user pays: the bank's sub-account is credited and the merchant will be told."""
    if known["trade_state"] == "CLOSED":
        raise Refused("ORDER_CLOSED", "该订单已关闭")
    if known["trade_state"] != "NOTPAY":
        raise Refused("ORDERPAID", "该订单已支付")
    if known["prepaid_at"] + PREPAY_SECONDS <= now:
        raise Refused("INVALID_REQUEST", "prepay_id已过期")
    number = known["out_trade_no"]
    transaction_id = f"4200{datetime_digits(now)}{digits(10)}"
    db.execute(
        "UPDATE trades SET trade_state = 'SUCCESS', transaction_id = ?, success_at = ?"
        " WHERE out_trade_no = ?",
        (transaction_id, now, number),
    )
    amount = (known["total"], known["currency"])
    credit(db, sub_account(known), amount, "capture", transaction_id, now)
    paid = trade_paid_as(db, transaction_id)
    assert paid is not None
    notice = trade_notice(paid, keys.wechat_pay)
    post(db, keys, number, "TRANSACTION.SUCCESS", known["notify_url"], notice, now)
    return paid


def sub_account(known: sqlite3.Row) -> str:
    """The order whose sub-account a payment belongs to: the merchant's `attach` names it."""
    return str(known["attach"] or known["out_trade_no"])


def open_refund(
    db: sqlite3.Connection, body: RefundBody, now: float, faults: frozenset[Kind]
) -> tuple[sqlite3.Row, sqlite3.Row]:
    """Take a refund in, once per number, and answer it with its trade."""
    number = body.out_trade_no
    paid = trade_paid_as(db, body.transaction_id) if body.transaction_id else None
    if paid is None and number is not None:
        paid = trade(db, number, now)
    if paid is None or (number is not None and paid["out_trade_no"] != number):
        raise Refused("RESOURCE_NOT_EXISTS", "订单不存在")
    known = refund(db, "out_refund_no", body.out_refund_no)
    if known is not None:
        if known["fingerprint"] != fingerprint(body):
            raise Refused("INVALID_REQUEST", "退款单号重入时，参数与首次请求时不一致")
        return known, paid
    check_refundable(db, paid, body, now)
    try:
        amount = (body.amount.refund, body.amount.currency)
        debit(db, sub_account(paid), amount, "refund", body.out_refund_no, now)
    except InsufficientFunds:
        raise Refused("NOT_ENOUGH", "商户可用退款余额不足") from None
    return insert_refund(db, body, paid, now, faults), paid


def insert_refund(
    db: sqlite3.Connection,
    body: RefundBody,
    paid: sqlite3.Row,
    now: float,
    faults: frozenset[Kind],
) -> sqlite3.Row:
    """Write the refund down; it ends a moment later, well unless a fault says otherwise."""
    ends_as = next((ENDS[kind] for kind in sorted(faults) if kind in ENDS), "SUCCESS")
    delay = float(fact(db, "refund_delay_seconds", str(REFUND_DELAY_SECONDS)))
    settles_at = None if ends_as == "PROCESSING" else now + delay
    db.execute(
        "INSERT INTO refunds (out_refund_no, refund_id, out_trade_no, fingerprint, amount,"
        " notify_url, created_at, settles_at, ends_as, refund_state)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'PROCESSING')",
        (
            *(body.out_refund_no, f"503{datetime_digits(now)}{digits(12)}"),
            *(paid["out_trade_no"], fingerprint(body), body.amount.refund),
            *(body.notify_url or "", now, settles_at, ends_as),
        ),
    )
    db.execute(
        "UPDATE trades SET trade_state = 'REFUND', refunded = refunded + ? WHERE out_trade_no = ?",
        (body.amount.refund, paid["out_trade_no"]),
    )
    made = refund(db, "out_refund_no", body.out_refund_no)
    assert made is not None
    return made


def check_refundable(
    db: sqlite3.Connection, paid: sqlite3.Row, body: RefundBody, now: float
) -> None:
    """The network's limits on a new refund of a paid order."""
    if paid["transaction_id"] is None:
        raise Refused("INVALID_REQUEST", "订单未支付，不可退款")
    if (body.amount.total, body.amount.currency) != (paid["total"], paid["currency"]):
        raise Refused("PARAM_ERROR", "订单金额或币种与原订单不一致", field="/body/amount")
    if now - paid["success_at"] > REFUND_SECONDS_MAX:
        raise Refused("INVALID_REQUEST", "订单已超过可退款的最大期限")
    if paid["refunded"] + body.amount.refund > paid["total"]:
        raise Refused("INVALID_REQUEST", "申请退款金额大于订单剩余可退金额")
    query = "SELECT count(*) AS parts, max(created_at) AS last FROM refunds WHERE out_trade_no = ?"
    parts, last = db.execute(query, (paid["out_trade_no"],)).fetchone()
    if parts >= REFUND_PARTS_MAX:
        raise Refused("INVALID_REQUEST", "订单部分退款次数超过50次")
    spaced = fact(db, "refund_spacing", "on") == "on"
    if spaced and last is not None and now - last < REFUND_SPACING_SECONDS:
        raise Refused("FREQUENCY_LIMITED", "同一订单多次部分退款需间隔1分钟")


def refund(db: sqlite3.Connection, column: str, number: str) -> sqlite3.Row | None:
    """One refund by either number."""
    query = f"SELECT * FROM refunds WHERE {column} = ?"
    row: sqlite3.Row | None = db.execute(query, (number,)).fetchone()
    return row


def refunds_of(
    db: sqlite3.Connection, out_trade_no: str, offset: int, count: int
) -> list[sqlite3.Row]:
    """The refunds of one order, oldest first."""
    query = "SELECT * FROM refunds WHERE out_trade_no = ? ORDER BY created_at LIMIT ? OFFSET ?"
    return db.execute(query, (out_trade_no, count, offset)).fetchall()


def settle_due(db: sqlite3.Connection, keys: Keys, now: float) -> int:
    """End every refund whose moment has come; how many there were."""
    query = "SELECT * FROM refunds WHERE settles_at <= ? ORDER BY settles_at"
    due = db.execute(query, (now,)).fetchall()
    for row in due:
        settle_refund(db, keys, row, row["ends_as"], now)
    return len(due)


def settle_refund(
    db: sqlite3.Connection, keys: Keys, row: sqlite3.Row, end: str, now: float
) -> None:
    """End one refund and tell the merchant; a closed one puts the money back."""
    number = row["out_refund_no"]
    db.execute(
        "UPDATE refunds SET refund_state = ?, settles_at = NULL, success_at = ?"
        " WHERE out_refund_no = ?",
        (end, now if end == "SUCCESS" else None, number),
    )
    paid = trade(db, row["out_trade_no"], now)
    assert paid is not None
    if end == "CLOSED":
        put_back(db, paid, row, now)
    ended = refund(db, "out_refund_no", number)
    assert ended is not None
    if row["notify_url"]:
        notice = refund_notice(ended, paid, keys.wechat_pay)
        event = f"REFUND.{end}"
        post(db, keys, row["out_trade_no"], event, row["notify_url"], notice, now)


def put_back(db: sqlite3.Connection, paid: sqlite3.Row, row: sqlite3.Row, now: float) -> None:
    """Undo what a refund took from the trade and from the bank."""
    db.execute(
        "UPDATE trades SET refunded = refunded - ?,"
        " trade_state = CASE WHEN refunded = ? THEN 'SUCCESS' ELSE 'REFUND' END"
        " WHERE out_trade_no = ?",
        (row["amount"], row["amount"], paid["out_trade_no"]),
    )
    amount = (row["amount"], paid["currency"])
    credit(db, sub_account(paid), amount, "refund_returned", row["out_refund_no"], now)


def fingerprint(body: Foreign) -> str:
    """What must be equal for a repeated number to be the same request."""
    text = json.dumps(body.model_dump(), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def datetime_digits(now: float) -> str:
    """The instant as fourteen digits, as the network's numbers begin."""
    return datetime.fromtimestamp(now, HONG_KONG).strftime("%Y%m%d%H%M%S")


def digits(count: int) -> str:
    """So many random digits."""
    return str(secrets.randbelow(10**count)).zfill(count)
