"""The database holds the rules of coupons and budgets by itself, and each list has its index."""

import asyncpg
import pytest

from shared.kit.ids import new_id
from tests.services.promotion.given import campaign, held
from tests.support.service import Running

FORBIDDEN = [
    ("UPDATE campaigns SET remaining = -1", asyncpg.CheckViolationError),
    ("UPDATE campaigns SET remaining = issue_limit + 1", asyncpg.CheckViolationError),
    ("UPDATE campaigns SET budget_left_minor = -1", asyncpg.CheckViolationError),
    ("UPDATE campaigns SET budget_left_currency = 'CNY'", asyncpg.CheckViolationError),
    ("UPDATE coupons SET order_id = NULL", asyncpg.CheckViolationError),
    (
        "INSERT INTO coupons SELECT user_id, campaign, version, nth, issued_at, expires_at, NULL,"
        " 'issued', gen_random_uuid() FROM coupons",
        asyncpg.UniqueViolationError,
    ),
    (
        "INSERT INTO coupons SELECT user_id, campaign, version, 2, issued_at, expires_at,"
        " order_id, 'locked', gen_random_uuid() FROM coupons",
        asyncpg.UniqueViolationError,
    ),
    (
        "INSERT INTO benefit_locks (id, user_id, locked_at, first_order)"
        " SELECT gen_random_uuid(), user_id, locked_at, true FROM benefit_locks",
        asyncpg.UniqueViolationError,
    ),
    ("UPDATE campaign_versions SET reason = 'another'", asyncpg.InsufficientPrivilegeError),
    ("DELETE FROM benefits", asyncpg.InsufficientPrivilegeError),
    ("DELETE FROM pack_issues", asyncpg.InsufficientPrivilegeError),
]


async def test_the_database_itself_refuses_what_must_never_be(run: Running) -> None:
    await campaign(run, first_order_only=True)
    await held(run, new_id())
    for sql, refusal in FORBIDDEN:
        with pytest.raises(refusal):
            async with run.begin() as tx:
                await tx.run(sql)


async def test_each_list_and_choice_is_served_by_an_index(run: Running) -> None:
    queries = {
        "ix_coupons_user_id": "SELECT * FROM coupons WHERE user_id = $1 ORDER BY id DESC LIMIT 20",
        "ix_coupons_open": "SELECT * FROM coupons WHERE user_id = $1 AND state IN"
        " ('issued', 'returned') ORDER BY expires_at, id LIMIT 100",
        "uq_benefit_locks_first_order": "SELECT 1 FROM benefit_locks WHERE user_id = $1"
        " AND first_order AND state IN ('held', 'redeemed')",
        "ix_order_outcomes_user_id": "SELECT 1 FROM order_outcomes WHERE user_id = $1"
        " AND paid_at IS NOT NULL AND refunded_at IS NULL",
    }
    async with run.begin() as tx:
        await tx.run("SET LOCAL enable_seqscan = off")
        for index, sql in queries.items():
            plan = "\n".join(row[0] for row in await tx.run(f"EXPLAIN {sql}", new_id()))
            assert index in plan, plan
