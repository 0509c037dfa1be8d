"""Rows of coupons, and the few queries we ask of them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    Text,
    Uuid,
    select,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from services.promotion.domain.benefit import Candidate
from services.promotion.domain.campaign import Plan
from services.promotion.domain.coupon import CouponState
from services.promotion.storage import Row
from services.promotion.storage.campaigns import (
    CampaignVersion,
    put_unit_back,
    take_unit,
)
from shared.contracts.ids import CouponId, OrderId, UserId
from shared.kit.caller import Caller
from shared.kit.ids import new_id
from shared.kit.money import Currency, Money
from shared.kit.rows import one_of
from shared.kit.session import Transaction

EXPIRY_TIMER = "coupon_expiry"
CANDIDATES_MAX = 100


class Coupon(Row):
    """One coupon of one person, under the version of the campaign that was current when given."""

    __tablename__ = "coupons"
    __table_args__ = (
        ForeignKeyConstraint(
            ["campaign", "version"],
            ["campaign_versions.code", "campaign_versions.version"],
            name="fk_coupons_campaign_version",
        ),
        CheckConstraint("nth > 0", name="nth"),
        CheckConstraint("(state IN ('locked', 'redeemed')) = (order_id IS NOT NULL)", name="order"),
        Index("uq_coupons_user_id_campaign_nth", "user_id", "campaign", "nth", unique=True),
        # One coupon an order.
        Index(
            "uq_coupons_order_id",
            "order_id",
            unique=True,
            postgresql_where=text("order_id IS NOT NULL"),
        ),
        Index("ix_coupons_user_id", "user_id", "id"),
        Index(
            "ix_coupons_open",
            "user_id",
            "expires_at",
            postgresql_where=text("state IN ('issued', 'returned')"),
        ),
    )

    user_id: Mapped[UserId] = mapped_column(Uuid)
    campaign: Mapped[str] = mapped_column(Text)
    version: Mapped[int]
    nth: Mapped[int] = mapped_column(SmallInteger)  # Of this campaign, for this person.
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    order_id: Mapped[OrderId | None] = mapped_column(Uuid, default=None)  # Who holds or used it.
    state: Mapped[CouponState] = mapped_column(
        one_of(CouponState, "state"), default=CouponState.ISSUED, server_default=text("'issued'")
    )
    id: Mapped[CouponId] = mapped_column(Uuid, primary_key=True, default_factory=new_id)


class NotGiven(StrEnum):
    """Why a campaign gave no coupon."""

    EXHAUSTED = "exhausted"
    LIMIT_REACHED = "limit_reached"


_COUNT = "SELECT count(*) FROM coupons WHERE user_id = $1 AND campaign = $2"


async def give_coupon(tx: Transaction, user_id: UserId, campaign: str) -> Coupon | NotGiven:
    """Take one coupon of a campaign for a person, unless it has none or they have enough."""
    taken = await take_unit(tx, campaign)
    if taken is None:
        return NotGiven.EXHAUSTED
    # The campaign's row is locked from here on, so the count is true until the commit.
    version, plan = taken
    await tx.session.flush()
    [row] = await tx.run(_COUNT, user_id, campaign)
    if row[0] >= plan.per_person:
        await put_unit_back(tx, campaign)
        return NotGiven.LIMIT_REACHED
    coupon = Coupon(
        user_id=user_id,
        campaign=campaign,
        version=version,
        nth=row[0] + 1,
        issued_at=tx.now,
        expires_at=tx.now + timedelta(days=plan.valid_days),
    )
    tx.add(coupon)
    await tx.schedule(EXPIRY_TIMER, coupon.id, coupon.expires_at)
    return coupon


async def coupons_for_update(
    tx: Transaction, ids: Collection[UUID], *, of: Caller | None = None
) -> Sequence[Coupon]:
    """These coupons, locked in one order everywhere; with ``of`` only that person's own."""
    found = select(Coupon).where(Coupon.id.in_(ids)).order_by(Coupon.id).with_for_update()
    if of is not None:
        found = found.where(Coupon.user_id == of.id)
    return (await tx.session.scalars(found.execution_options(populate_existing=True))).all()


def _with_plan() -> Any:
    given_under = (CampaignVersion.code == Coupon.campaign) & (
        CampaignVersion.version == Coupon.version
    )
    return select(Coupon, CampaignVersion.plan).join(CampaignVersion, given_under)


# A person's first order is gone with a paid one, or while another holds a coupon for it.
_CANDIDATES = """
SELECT c.id, c.campaign, c.state, c.expires_at, v.plan, m.budget_left_minor, m.budget_left_currency,
    EXISTS (SELECT FROM order_outcomes
        WHERE user_id = $1 AND paid_at IS NOT NULL AND refunded_at IS NULL)
    OR EXISTS (SELECT FROM benefit_locks
        WHERE user_id = $1 AND first_order AND state IN ('held', 'redeemed')) AS had_first_order
FROM coupons c JOIN campaigns m ON m.code = c.campaign
JOIN campaign_versions v ON v.code = c.campaign AND v.version = c.version
WHERE c.user_id = $1 AND
"""
_OPEN_ONES = f"{_CANDIDATES} c.state IN ('issued', 'returned') ORDER BY c.expires_at, c.id LIMIT $2"
_NAMED_ONES = f"{_CANDIDATES} c.id = ANY($3::uuid[]) LIMIT $2"


@dataclass(frozen=True, slots=True)
class Holdings:
    """What a person may use for an order, and whether this would be their first."""

    candidates: Sequence[Candidate] = ()
    had_first_order: bool = False  # Read only where there are candidates.


async def holdings_of(tx: Transaction, caller: Caller, ids: Collection[UUID] | None) -> Holdings:
    """The caller's coupons by id, or all that are open, with what their campaigns have left."""
    if ids is None:
        rows = await tx.run(_OPEN_ONES, caller.id, CANDIDATES_MAX)
    else:
        rows = await tx.run(_NAMED_ONES, caller.id, CANDIDATES_MAX, list(ids))
    candidates = [
        Candidate(
            coupon_id=row["id"],
            code=row["campaign"],
            plan=Plan.model_validate(row["plan"]),
            state=CouponState(row["state"]),
            expires_at=row["expires_at"],
            budget_left=Money(row["budget_left_minor"], Currency(row["budget_left_currency"])),
        )
        for row in rows
    ]
    return Holdings(candidates, bool(rows) and rows[0]["had_first_order"])


async def coupons_of(
    tx: Transaction,
    caller: Caller,
    after: UUID | None,
    limit: int,
    state: CouponState | None = None,
) -> Sequence[tuple[Coupon, Plan]]:
    """The caller's coupons, the last given first."""
    page = _with_plan().where(Coupon.user_id == caller.id)
    if after is not None:
        page = page.where(Coupon.id < after)
    if state is not None:
        page = page.where(Coupon.state == state)
    rows = await tx.session.execute(page.order_by(Coupon.id.desc()).limit(limit))
    return [(coupon, Plan.model_validate(plan)) for coupon, plan in rows]
