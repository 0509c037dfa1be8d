"""Rules about what is still owed: workers after the acceptance, users after a cancellation.

What is being worked on has a timer that tries again; what has none is paid by nobody.
"""

from tests.invariants.books import Books, Finding

_SETTLEMENTS = """
SELECT p.order_id, p.state, s.state AS settlement, EXISTS (
    SELECT FROM timers t WHERE t.kind = 'settle' AND t.ref = s.id) AS worked_on
FROM payables p LEFT JOIN settlements s ON s.order_id = p.order_id
WHERE p.state IN ('settling', 'settled') OR s.id IS NOT NULL
"""
_OWED_BACK = """
WITH owed AS (
    SELECT split_part(a.code, ':', 4) AS order_id, sum(e.amount_minor) AS minor
    FROM entries e JOIN accounts a ON a.id = e.account_id
    WHERE a.code LIKE 'liab:refund\\_payable:order:%' GROUP BY 1),
back AS (
    SELECT order_id::text, sum(amount_minor) AS minor FROM refunds
    WHERE state <> 'succeeded' GROUP BY 1)
SELECT order_id, coalesce(owed.minor, 0) AS owed, coalesce(back.minor, 0) AS back
FROM owed FULL JOIN back USING (order_id)
"""
_REFUNDS = """
SELECT r.id, r.state, EXISTS (
    SELECT FROM timers t WHERE t.ref = r.id
    AND t.kind = CASE r.state WHEN 'sent' THEN 'poll_refund' ELSE 'send_refund' END) AS worked_on
FROM refunds r WHERE r.state IN ('requested', 'sent') AND r.amount_minor > 0
"""


async def accepted_work_is_paid(books: Books) -> Finding:
    """Each accepted order's settlement is executed, or the bank is being asked for it."""
    finding = Finding()
    rows = await books.rows("payment", _SETTLEMENTS)
    finding.look(rows)
    for row in rows:
        match row["state"], row["settlement"]:
            case "settled", "executed":
                fine = True
            case "settling", "requested":
                fine = row["worked_on"]
            case _:
                fine = False
        what = f"{row['state']}, its settlement {row['settlement']}"
        finding.want(fine, f"order {row['order_id']} is {what}, and nobody works on it")
    return finding


async def what_is_owed_goes_back(books: Books) -> Finding:
    """What an order owes its user is its refunds that have not arrived; each is worked on.

    One that its channel refused waits for staff, who see it in their list.
    """
    finding = Finding()
    rows = await books.rows("payment", _OWED_BACK)
    finding.look(rows)
    for row in rows:
        fine = row["owed"] == row["back"]
        finding.want(fine, f"order {row['order_id']}: {row['owed']} owed, {row['back']} going back")
    refunds = await books.rows("payment", _REFUNDS)
    finding.look(refunds)
    for row in refunds:
        finding.want(row["worked_on"], f"refund {row['id']} is {row['state']}, without a timer")
    return finding


async def nothing_is_on_its_way(books: Books) -> Finding:
    """Not a rule, but what quiet is: no settlement is at the bank, no refund at a channel."""
    finding = Finding()
    rows = await books.rows(
        "payment",
        "SELECT id FROM settlements WHERE state = 'requested' UNION ALL"
        " SELECT id FROM refunds WHERE state IN ('requested', 'sent') AND amount_minor > 0",
    )
    finding.look(rows)
    finding.want(not rows, f"{len(rows)} settlements and refunds are on their way")
    return finding
