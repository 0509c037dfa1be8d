"""Rules about coupons: what was given, held and spent adds up, and is nobody's twice."""

from tests.invariants.books import Books, Finding

# By what must add up: the query that finds what does not.
CONSERVED = {
    "coupons given": """
        SELECT code FROM campaigns c WHERE issue_limit - remaining
        <> (SELECT count(*) FROM coupons WHERE campaign = c.code)""",
    "budget": """
        SELECT code FROM campaigns c WHERE budget_minor - budget_left_minor <> (
        SELECT coalesce(sum(amount_minor), 0) FROM benefits b JOIN benefit_locks l
        ON l.id = b.order_id WHERE b.campaign = c.code AND l.state IN ('held', 'redeemed'))""",
    "held coupons": """
        SELECT c.id FROM coupons c LEFT JOIN benefits b
        ON b.coupon_id = c.id AND b.order_id = c.order_id
        LEFT JOIN benefit_locks l ON l.id = b.order_id
        WHERE c.state IN ('locked', 'redeemed')
        AND l.state IS DISTINCT FROM replace(c.state, 'locked', 'held')""",
    "live locks": """
        SELECT b.order_id FROM benefits b JOIN benefit_locks l ON l.id = b.order_id
        JOIN coupons c ON c.id = b.coupon_id
        WHERE l.state IN ('held', 'redeemed') AND c.order_id IS DISTINCT FROM l.id""",
    "per person": """
        SELECT c.campaign FROM coupons c
        JOIN campaign_versions v ON v.code = c.campaign AND v.version = c.version
        GROUP BY c.user_id, c.campaign
        HAVING count(*) > max((v.plan->>'per_person')::int)""",
}


async def coupons_add_up(books: Books) -> Finding:
    """I8: campaigns count right and stay in budget; a coupon in use belongs to one order."""
    finding = Finding()
    for what, broken in CONSERVED.items():
        rows = await books.rows("promotion", broken)
        finding.want(not rows, f"{what}: {[str(row[0]) for row in rows[:3]]} of {len(rows)}")
    finding.look(await books.rows("promotion", "SELECT code FROM campaigns"))
    finding.look(await books.rows("promotion", "SELECT id FROM coupons"))
    used = await books.rows(
        "promotion",
        "SELECT coupon_id, count(*) AS orders FROM benefits b JOIN benefit_locks l"
        " ON l.id = b.order_id WHERE l.state IN ('held', 'redeemed') GROUP BY coupon_id",
    )
    finding.look(used)
    for row in used:
        finding.want(row["orders"] == 1, f"coupon {row['coupon_id']} serves {row['orders']} orders")
    paid = {
        row["id"]
        for row in await books.rows(
            "order", "SELECT id FROM orders WHERE paid_at IS NOT NULL AND discounts <> '[]'"
        )
    }
    redeemed = {
        row["id"]
        for row in await books.rows(
            "promotion", "SELECT id FROM benefit_locks WHERE state IN ('redeemed', 'returned')"
        )
    }
    finding.want(paid <= redeemed, f"paid with coupons never redeemed: {len(paid - redeemed)}")
    return finding


async def coupons_are_held_for_an_order(books: Books) -> Finding:
    """I8: who holds coupons waits to pay, or is still being placed; who used them has paid."""
    finding = Finding()
    locks = await books.rows(
        "promotion",
        "SELECT id, state FROM benefit_locks WHERE state IN ('held', 'redeemed', 'returned')",
    )
    # In this order: a placing's timer goes with the transaction that makes its order.
    placings = await books.rows("order", "SELECT ref FROM timers WHERE kind = 'placing'")
    orders = await books.rows(
        "order", "SELECT id, paid_at IS NOT NULL AS is_paid FROM orders"
        " WHERE paid_at IS NOT NULL OR state = 'pending_payment'")  # fmt: skip
    finding.look(locks)
    paid = {row["id"] for row in orders if row["is_paid"]}
    waiting = {row["id"] for row in orders if not row["is_paid"]} | {row["ref"] for row in placings}
    for row in locks:
        fine = row["id"] in (waiting if row["state"] == "held" else paid)
        finding.want(fine, f"coupons {row['state']} for order {row['id']}, which says otherwise")
    return finding
