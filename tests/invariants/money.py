"""Rules about money: the ledger against itself, against the orders, against the outside world."""

import json
from collections import defaultdict
from typing import Any

from tests.invariants.books import Books, Finding

_ESCROW = "liab:escrow:order:"
_CLEARING = "asset:channel:wechat:clearing"
_WORKING = (
    "pending_dispatch", "assigned", "en_route", "arrived", "in_service", "pending_acceptance",
)  # fmt: skip
_ACCEPTED = ("pending_review", "completed")
_PER_ACCOUNT = """
SELECT a.code, a.limited, sum(e.amount_minor) AS total, count(*) AS entries
FROM entries e JOIN accounts a ON a.id = e.account_id GROUP BY a.code, a.limited
"""
_SETTLED = """
SELECT order_id, shares FROM settlements WHERE state = 'executed'
"""


async def transfers_balance(books: Books) -> Finding:
    """I1: every transfer adds up to zero in each currency, and so does everything."""
    finding = Finding()
    rows = await books.rows(
        "payment",
        "SELECT transfer_id, currency, sum(amount_minor) AS total, count(*) AS entries"
        " FROM entries GROUP BY transfer_id, currency",
    )
    finding.look(rows)
    for row in rows:
        finding.want(row["total"] == 0, f"transfer {row['transfer_id']}: {row['total']}")
        finding.want(row["entries"] >= 2, f"transfer {row['transfer_id']}: one-sided")
    empty = await books.rows(
        "payment", "SELECT id FROM transfers t WHERE NOT EXISTS"
        " (SELECT FROM entries WHERE transfer_id = t.id)")  # fmt: skip
    finding.want(not empty, f"transfers without entries: {len(empty)}")
    return finding


async def balances_are_sums(books: Books) -> Finding:
    """I2, I3: a kept balance is the sum of its entries and never below zero."""
    finding = Finding()
    rows = await books.rows(
        "payment",
        "SELECT a.code, b.balance_minor AS kept, coalesce(sum(e.amount_minor), 0) AS total"
        " FROM balances b JOIN accounts a ON a.id = b.account_id"
        " LEFT JOIN entries e ON e.account_id = a.id GROUP BY a.code, b.balance_minor",
    )
    finding.look(rows)
    for row in rows:
        finding.want(row["total"] == row["kept"], f"{row['code']}: {row['kept']} kept")
        finding.want(row["kept"] >= 0, f"{row['code']} is below zero")
    missing = await books.rows(
        "payment", "SELECT code FROM accounts a WHERE limited AND NOT EXISTS"
        " (SELECT FROM balances WHERE account_id = a.id)")  # fmt: skip
    finding.want(not missing, f"limited accounts without a balance: {len(missing)}")
    return finding


async def paid_orders_have_one_capture(books: Books) -> Finding:
    """I4: an order beyond payment has exactly one captured payment, of just its payable sum."""
    finding = Finding()
    orders = await books.rows(
        "order",
        "SELECT id, payable_minor FROM orders WHERE state = ANY($1)",
        [*_WORKING, *_ACCEPTED],
    )
    captured = defaultdict(list)
    for row in await books.rows(
        "payment", "SELECT order_id, amount_minor FROM payments WHERE state = 'captured'"
    ):
        captured[row["order_id"]].append(row["amount_minor"])
    finding.look(orders)
    for order in orders:
        found = captured[order["id"]]
        finding.want(found == [order["payable_minor"]], f"order {order['id']}: captured {found}")
    return finding


async def payment_and_order_agree(books: Books) -> Finding:
    """Both sides of paying: captured is paid, unpaid cancelled, accepted settled or settling."""
    finding = Finding()
    states = {
        row["id"]: row["state"] for row in await books.rows("order", "SELECT id, state FROM orders")
    }
    payables = await books.rows("payment", "SELECT order_id, state FROM payables")
    finding.look(payables)
    for row in payables:
        state, here = row["state"], states.get(row["order_id"])
        match state:
            case "open":
                fine = here == "pending_payment"
            case "unpaid" | "cancelled":
                fine = here == "cancelled"
            case "captured":
                fine = here in _WORKING
            case _:
                fine = here in (*_ACCEPTED, "closed")
        finding.want(fine, f"order {row['order_id']} is {here}, its payable {state}")
    known = {row["order_id"] for row in payables}
    finding.want(not set(states) - known, f"orders payment has not heard of: {set(states) - known}")
    return finding


async def escrow_is_used_once(books: Books) -> Finding:
    """I5: escrow is what came in less what went out, and zero once the order's money is decided."""
    finding = Finding()
    held = {
        row["code"].removeprefix(_ESCROW): row["total"]
        for row in await books.rows("payment", _PER_ACCOUNT)
        if row["code"].startswith(_ESCROW)
    }
    payables = await books.rows("payment", "SELECT order_id, state FROM payables")
    finding.look(payables)
    for row in payables:
        left = held.get(str(row["order_id"]), 0)
        if row["state"] in ("open", "unpaid", "cancelled", "settled"):
            finding.want(left == 0, f"order {row['order_id']} {row['state']}: {left} in escrow")
        finding.want(left >= 0, f"order {row['order_id']}: escrow is {left}")
    twice = await books.rows(
        "payment", "SELECT order_id, count(*) FROM transfers WHERE kind = 'settled'"
        " GROUP BY order_id HAVING count(*) > 1")  # fmt: skip
    finding.want(not twice, f"settled twice: {[str(row['order_id']) for row in twice]}")
    return finding


async def refunds_stay_within_captures(books: Books) -> Finding:
    """I7: what goes back of a payment is at most what came by it; a late one goes back once.

    A refund that its channel refused keeps its claim: staff send the same one again.
    """
    finding = Finding()
    rows = await books.rows(
        "payment",
        "SELECT p.id, p.state, p.amount_minor, coalesce(sum(r.amount_minor), 0) AS back,"
        " count(r.id) FILTER (WHERE r.late) AS late"
        " FROM payments p LEFT JOIN refunds r ON r.payment_id = p.id"
        " GROUP BY p.id, p.state, p.amount_minor",
    )
    finding.look(rows)
    for row in rows:
        finding.want(row["back"] <= row["amount_minor"], f"payment {row['id']}: {row['back']} back")
        if row["state"] == "surplus":
            whole = row["late"] == 1 and row["back"] == row["amount_minor"]
            finding.want(whole, f"surplus payment {row['id']} was not refunded exactly once")
    return finding


async def the_channel_agrees(books: Books) -> Finding:
    """I6: the channel's own book, trade by trade, is our clearing account."""
    finding = Finding()
    book: dict[str, Any] = await books.outside("wechat/book")
    finding.look(book["transactions"])
    came = sum(t["total_minor"] for t in book["transactions"] if t["trade_state"] in _TAKEN)
    went = sum(r["amount_minor"] for r in book["refunds"] if r["refund_state"] == "SUCCESS")
    rows = await books.rows("payment", _PER_ACCOUNT)
    clearing = sum(row["total"] for row in rows if row["code"] == _CLEARING)
    # A debit is negative: what the channel owes us stands below zero.
    finding.want(-clearing == came - went, f"clearing {-clearing}, the channel {came - went}")
    ours = {
        row["transaction_id"]: row["amount_minor"]
        for row in await books.rows(
            "payment",
            "SELECT transaction_id, amount_minor FROM payments"
            " WHERE state IN ('captured', 'surplus') AND channel = 'wechat'",
        )
    }
    theirs = {
        t["transaction_id"]: t["total_minor"]
        for t in book["transactions"]
        if t["trade_state"] in _TAKEN
    }
    finding.want(ours == theirs, f"trades that differ: {sorted(set(ours) ^ set(theirs))[:5]}")
    return finding


_TAKEN = ("SUCCESS", "REFUND")


_DIVIDED = """
SELECT t.ref, e.amount_minor, CASE WHEN a.code LIKE 'rev:commission:%' THEN 'commission'
    ELSE 'worker:' || split_part(a.code, ':', 3) END AS account
FROM transfers t JOIN entries e ON e.transfer_id = t.id JOIN accounts a ON a.id = e.account_id
WHERE t.kind = 'settled' AND a.code ~ '^(rev:commission|liab:worker):'
"""
# Of each order: what our books say that the bank still holds. Escrow, debts to the user and the
# fee lie there; the platform's discounts only once they were paid in; a refund has left with its
# channel's word, though we close it when it has arrived.
_STILL_HELD = """
SELECT t.order_id, sum(e.amount_minor)
    + coalesce((SELECT sum(s.top_up_minor) FROM settlements s
        WHERE s.order_id = t.order_id AND s.topped_up_at IS NOT NULL), 0)
    - coalesce((SELECT sum(r.amount_minor) FROM refunds r
        WHERE r.order_id = t.order_id AND r.state IN ('sent', 'abnormal')), 0) AS held
FROM transfers t JOIN entries e ON e.transfer_id = t.id JOIN accounts a ON a.id = e.account_id
WHERE a.code ~ '^(liab:escrow|liab:refund_payable|rev:cancellation_fee|exp:promotion)'
GROUP BY t.order_id
"""


async def the_bank_agrees(books: Books) -> Finding:
    """The bank paid whom the ledger credited, what the platform owed came in, the rest is there."""
    finding = Finding()
    lines = await books.pages("bank/book", "lines")
    paid: dict[tuple[str, str], int] = defaultdict(int)
    came_in: dict[str, int] = defaultdict(int)
    for line in lines:
        if line["kind"] == "split":
            paid[line["reference"], line["account"]] -= line["amount_minor"]
        if line["kind"] == "top_up":
            came_in[line["reference"]] += line["amount_minor"]
    settled = await books.rows(
        "payment", "SELECT id, top_up_minor, state FROM settlements WHERE topped_up_at IS NOT NULL"
        " OR state = 'executed'")  # fmt: skip
    finding.look(settled)
    credited: dict[tuple[str, str], int] = defaultdict(int)
    for row in await books.rows("payment", _DIVIDED):
        credited[str(row["ref"]), row["account"]] += row["amount_minor"]
    for where in credited.keys() | paid.keys():
        finding.want(
            paid[where] == credited[where], f"{where}: {paid[where]} paid, {credited[where]} ours"
        )
    owed = {str(row["id"]): row["top_up_minor"] for row in settled if row["top_up_minor"]}
    finding.want(
        owed == came_in, f"top-ups that differ: {sorted(owed.keys() ^ came_in.keys())[:5]}"
    )
    await _sub_accounts_agree(books, finding)
    return finding


async def _sub_accounts_agree(books: Books, finding: Finding) -> None:
    book = await books.outside("bank/book", limit="1")
    there = {row["order_id"]: row["balance_minor"] for row in book["sub_accounts"]}
    ours = {str(row["order_id"]): row["held"] for row in await books.rows("payment", _STILL_HELD)}
    for order_id in there.keys() | ours.keys():
        at_bank, held = there.get(order_id, 0), ours.get(order_id, 0)
        finding.want(
            at_bank == held, f"order {order_id}: {at_bank} at the bank, {held} in our books"
        )


async def every_worked_share_is_credited(books: Books) -> Finding:
    """An accepted order's workers have what was coming to them, to the cent."""
    finding = Finding()
    offered = {
        (row["order_id"], row["visit_number"], row["position"]): row["net_minor"]
        for row in await books.rows("payment", "SELECT * FROM pay_shares")
    }
    credited: dict[str, int] = defaultdict(int)
    for row in await books.rows("payment", _SETTLED):
        for share in json.loads(row["shares"]):
            if not share["worked"]:
                continue
            finding.checked += 1
            credited[f"liab:worker:{share['worker_id']}:available"] += share["net_minor"]
            position = (row["order_id"], share["visit_number"], share["position"])
            # Money that went back before the acceptance has made both smaller.
            fine = share["net_minor"] == offered[position]
            finding.want(fine, f"position {position}: {share['net_minor']} paid")
    totals = {
        row["code"]: row["total"]
        for row in await books.rows("payment", _PER_ACCOUNT)
        if row["code"].startswith("liab:worker:")
    }
    for code in totals.keys() | credited.keys():
        has, due = totals.get(code, 0), credited.get(code, 0)
        finding.want(has == due, f"{code}: {has} credited, {due} settled")
    return finding
