"""How WeChat Pay shows a trade and a refund: to a query, and inside a notice."""

import sqlite3
from typing import Any

from deploy.sandbox.wechat_wire import hk_time

RATE_ONE = {"type": "SETTLEMENT_RATE", "rate": 100_000_000}
TOLD = {"SUCCESS": "支付成功", "REFUND": "转入退款", "NOTPAY": "订单未支付", "CLOSED": "已关闭"}


def trade_view(row: sqlite3.Row, merchant: dict[str, Any]) -> dict[str, Any]:
    """A trade as a query answers it; the network's number is called `id` on this wire."""
    view: dict[str, Any] = {
        "mchid": merchant["mchid"],
        "appid": merchant["appid"],
        "out_trade_no": row["out_trade_no"],
        "attach": row["attach"],
        "trade_type": row["trade_type"],
        "trade_state": row["trade_state"],
        "trade_state_desc": TOLD[row["trade_state"]],
        "payer": {"openid": row["openid"]},
        "amount": trade_amount(row),
        "promotion_detail": [],
    }
    if row["transaction_id"] is not None:
        view |= {
            "id": row["transaction_id"],
            "bank_type": "OTHERS",
            "success_time": hk_time(row["success_at"]),
        }
    return view


def trade_notice(row: sqlite3.Row, merchant: dict[str, Any]) -> dict[str, Any]:
    """A paid trade as its notice tells it; here the number is called `transaction_id`."""
    view = trade_view(row, merchant)
    view["transaction_id"] = view.pop("id")
    return view


def trade_amount(row: sqlite3.Row) -> dict[str, Any]:
    """The money of a trade, paid in the currency it was asked in."""
    return {
        "total": row["total"],
        "payer_total": row["total"],
        "currency": row["currency"],
        "payer_currency": row["currency"],
        "exchange_rate": RATE_ONE,
    }


def refund_answer(row: sqlite3.Row, paid: sqlite3.Row) -> dict[str, Any]:
    """What asking for a refund answers."""
    return {
        "id": row["refund_id"],
        "out_refund_no": row["out_refund_no"],
        "create_time": hk_time(row["created_at"]),
        "amount": refund_amount(row, paid),
    }


def refund_view(row: sqlite3.Row, paid: sqlite3.Row) -> dict[str, Any]:
    """A refund as a query answers it."""
    view = refund_answer(row, paid) | {
        "transaction_id": paid["transaction_id"],
        "out_trade_no": paid["out_trade_no"],
        "channel": "ORIGINAL",
        "recv_account": "支付用户零钱",
        "fund_source": "REFUND_SOURCE_UNSETTLED_FUNDS",
        "status": row["refund_state"],
    }
    if row["success_at"] is not None:
        view["success_time"] = hk_time(row["success_at"])
    return view


def refund_amount(row: sqlite3.Row, paid: sqlite3.Row) -> dict[str, Any]:
    """The money of a refund."""
    return {
        "refund": row["amount"],
        "currency": paid["currency"],
        "payer_refund": row["amount"],
        "payer_currency": paid["currency"],
        "exchange_rate": RATE_ONE,
    }


def refund_notice(row: sqlite3.Row, paid: sqlite3.Row, merchant: dict[str, Any]) -> dict[str, Any]:
    """A refund's end as its notice tells it."""
    notice: dict[str, Any] = {
        "mchid": merchant["mchid"],
        "out_trade_no": paid["out_trade_no"],
        "transaction_id": paid["transaction_id"],
        "out_refund_no": row["out_refund_no"],
        "refund_id": row["refund_id"],
        "refund_status": row["refund_state"],
        "user_received_account": "支付用户零钱",
        "amount": {
            "total": paid["total"],
            "refund": row["amount"],
            "payer_total": paid["total"],
            "payer_refund": row["amount"],
            "currency": paid["currency"],
        },
    }
    if row["success_at"] is not None:
        notice["success_time"] = hk_time(row["success_at"])
    return notice


def refunds_page(
    rows: list[sqlite3.Row], paid: sqlite3.Row, total: int, merchant: dict[str, Any]
) -> dict[str, Any]:
    """All refunds of one trade, a page of them."""
    return {
        "id": paid["transaction_id"],
        "mchid": merchant["mchid"],
        "out_trade_no": paid["out_trade_no"],
        "amount": {k: v for k, v in trade_amount(paid).items() if k != "exchange_rate"},
        "data": [
            {
                k: v
                for k, v in refund_view(row, paid).items()
                if k not in {"transaction_id", "out_trade_no"}
            }
            for row in rows
        ],
        "total_num": total,
        "current_total_num": len(rows),
    }
