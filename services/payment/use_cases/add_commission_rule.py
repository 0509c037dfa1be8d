"""Make a new version of a category's commission rule, by staff."""

from collections.abc import Sequence
from datetime import datetime

from services.payment.domain.commission import Bracket, BracketsInvalid, checked
from services.payment.storage.commission_rules import CommissionRule
from shared.contracts.ids import AccountId
from shared.kit.caller import Caller
from shared.kit.session import Transaction
from shared.privacy.masks import scrub


async def add_commission_rule(
    tx: Transaction,
    caller: Caller,
    category: str,
    brackets: Sequence[Bracket],
    effective_at: datetime | None,
    reason: str,
) -> CommissionRule:
    """Change what orders captured from an instant on will pay; never those captured before.

    Raises BracketsInvalid.
    """
    starts_at = effective_at or tx.now
    if starts_at < tx.now:
        raise BracketsInvalid(field="effective_at", reason="must not lie in the past")
    rule = CommissionRule(
        category=category,
        brackets=[[bracket.upto_minor, bracket.rate_bps] for bracket in checked(brackets)],
        effective_at=starts_at,
        made_at=tx.now,
        made_by=AccountId(caller.id),
        reason=scrub(reason),
    )

    tx.add(rule)
    await tx.session.flush()
    return rule
