"""Commission rules by version; a version is never changed, only followed by another."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Identity, Index, Uuid, select
from sqlalchemy.orm import Mapped, mapped_column

from services.payment.domain.commission import Bracket
from services.payment.storage import Row
from shared.contracts.ids import AccountId
from shared.kit.session import Transaction


class CommissionRule(Row):
    """The brackets of one category from an instant on, with who made them and why."""

    __tablename__ = "commission_rules"

    category: Mapped[str]  # "*" for categories without a rule of their own.
    brackets: Mapped[list[Any]]  # [up to minor units or null, basis points]
    effective_at: Mapped[datetime]
    made_at: Mapped[datetime]
    made_by: Mapped[AccountId] = mapped_column(Uuid)
    reason: Mapped[str]
    version: Mapped[int] = mapped_column(Identity(always=True), primary_key=True, init=False)

    __table_args__ = (Index("ix_commission_rules_category", "category", "effective_at", "version"),)


def brackets_of(rule: CommissionRule) -> list[Bracket]:
    """The brackets as the domain reads them."""
    return [Bracket(upto, rate) for upto, rate in rule.brackets]


async def rules(
    tx: Transaction, category: str | None, before: int | None, limit: int
) -> Sequence[CommissionRule]:
    """Versions, newest first; of one category, if one is named."""
    found = select(CommissionRule)
    if category is not None:
        found = found.where(CommissionRule.category == category)
    if before is not None:
        found = found.where(CommissionRule.version < before)
    newest = found.order_by(CommissionRule.version.desc()).limit(limit)
    return (await tx.session.scalars(newest)).all()
