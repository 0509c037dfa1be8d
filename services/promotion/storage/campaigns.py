"""Rows of campaigns with their counters, and every version of what staff decided about them.

Coupons and discounts are taken by conditional updates of one row; CHECKs keep both above zero.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, Uuid, select, text
from sqlalchemy.orm import Mapped, composite, mapped_column

from services.promotion.domain.campaign import CampaignNotFound, Plan
from services.promotion.storage import Row
from shared.contracts.ids import AccountId
from shared.kit.caller import Caller
from shared.kit.money import Money
from shared.kit.rows import money_columns
from shared.kit.session import Transaction
from shared.privacy.masks import scrub


class Campaign(Row):
    """A campaign as it stands: how many coupons and how much money are left of it."""

    __tablename__ = "campaigns"
    __table_args__ = (
        CheckConstraint("remaining BETWEEN 0 AND issue_limit", name="remaining"),
        CheckConstraint(
            "budget_left_minor BETWEEN 0 AND budget_minor"
            " AND budget_left_currency = budget_currency",
            name="budget_left",
        ),
        CheckConstraint("starts_at < ends_at", name="window"),
        Index("ix_campaigns_claimable", "code", postgresql_where=text("claimable")),
    )

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[int]  # The current one; coupons keep the version they were given under.
    claimable: Mapped[bool]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    issue_limit: Mapped[int]
    remaining: Mapped[int]  # Coupons that can still be given.
    budget: Mapped[Money] = composite(*money_columns("budget"))
    budget_left: Mapped[Money] = composite(*money_columns("budget_left"))  # Neither held nor spent.


class CampaignVersion(Row):
    """What staff decided about a campaign, who did and why; never changed."""

    __tablename__ = "campaign_versions"
    __table_args__ = (CheckConstraint("version > 0", name="version"),)

    code: Mapped[str] = mapped_column(Text, ForeignKey("campaigns.code"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    plan: Mapped[dict[str, Any]]
    actor: Mapped[AccountId] = mapped_column(Uuid)
    reason: Mapped[str]
    at: Mapped[datetime]


_TAKE_UNIT = """
WITH taken AS (
    UPDATE campaigns SET remaining = remaining - 1
    WHERE code = $1 AND remaining > 0 AND budget_left_minor > 0 AND starts_at <= $2 AND ends_at > $2
    RETURNING code, version)
SELECT version, plan FROM taken JOIN campaign_versions USING (code, version)
"""
_PUT_BACK = "UPDATE campaigns SET remaining = remaining + 1 WHERE code = $1"
_SPEND = """
UPDATE campaigns SET budget_left_minor = budget_left_minor - $2
WHERE code = $1 AND budget_left_minor >= $2 AND budget_left_currency = $3 RETURNING true
"""
_GIVE_BACK = """
UPDATE campaigns SET budget_left_minor = budget_left_minor + $2
WHERE code = $1 AND budget_left_currency = $3
"""


async def campaign_for_update(tx: Transaction, code: str) -> Campaign | None:
    """The campaign, locked until the transaction ends; None if it is to be made."""
    found = select(Campaign).where(Campaign.code == code).with_for_update()
    return await tx.session.scalar(found.execution_options(populate_existing=True))


async def campaign_of(tx: Transaction, code: str) -> tuple[Campaign, Plan]:
    """The campaign with what holds now. Raises CampaignNotFound."""
    found = _current().where(Campaign.code == code)
    row = (await tx.session.execute(found)).one_or_none()
    if row is None:
        raise CampaignNotFound(f"No campaign {code}.", code=code)
    return row[0], Plan.model_validate(row[1].plan)


def _current() -> Any:
    ours = (CampaignVersion.code == Campaign.code) & (CampaignVersion.version == Campaign.version)
    return select(Campaign, CampaignVersion).join(CampaignVersion, ours)


async def campaigns_from(
    tx: Transaction, after: str, limit: int, *, open_at: datetime | None = None
) -> Sequence[tuple[Campaign, Plan]]:
    """Campaigns by code; with ``open_at`` only those that users may claim from at that instant."""
    page = _current().where(Campaign.code > after)
    if open_at is not None:
        page = page.where(
            Campaign.claimable,
            Campaign.remaining > 0,
            Campaign.__table__.c.budget_left_minor > 0,
            Campaign.starts_at <= open_at,
            Campaign.ends_at > open_at,
        )
    rows = await tx.session.execute(page.order_by(Campaign.code).limit(limit))
    return [(campaign, Plan.model_validate(version.plan)) for campaign, version in rows]


async def known_campaigns(tx: Transaction, codes: Sequence[str]) -> set[str]:
    """Those of the codes that are campaigns."""
    found = select(Campaign.code).where(Campaign.code.in_(codes))
    return set((await tx.session.scalars(found)).all())


def write_version(
    tx: Transaction, caller: Caller, code: str, version: int, plan: Plan, reason: str
) -> None:
    """Keep what staff decided, with their name."""
    tx.add(
        CampaignVersion(
            code=code,
            version=version,
            plan=plan.model_dump(mode="json"),
            actor=AccountId(caller.id),
            reason=scrub(reason),
            at=tx.now,
        )
    )


async def versions_of(
    tx: Transaction, code: str, before: int | None, limit: int
) -> Sequence[CampaignVersion]:
    """What was decided about a campaign, the newest first."""
    page = select(CampaignVersion).where(CampaignVersion.code == code)
    if before is not None:
        page = page.where(CampaignVersion.version < before)
    return (
        await tx.session.scalars(page.order_by(CampaignVersion.version.desc()).limit(limit))
    ).all()


async def take_unit(tx: Transaction, code: str) -> tuple[int, Plan] | None:
    """One coupon less to give, with the version it is given under; None if there is none."""
    rows = await tx.run(_TAKE_UNIT, code, tx.now)
    return (rows[0]["version"], Plan.model_validate(rows[0]["plan"])) if rows else None


async def put_unit_back(tx: Transaction, code: str) -> None:
    """A coupon that was taken and not given."""
    await tx.run(_PUT_BACK, code)


async def spend(tx: Transaction, code: str, amount: Money) -> bool:
    """Hold a discount in the budget; False if there is not so much left."""
    return bool(await tx.run(_SPEND, code, amount.minor, amount.currency))


async def give_back(tx: Transaction, code: str, amount: Money) -> None:
    """A discount that was held or spent is in the budget again."""
    await tx.run(_GIVE_BACK, code, amount.minor, amount.currency)
