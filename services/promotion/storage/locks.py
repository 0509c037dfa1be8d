"""Rows of locks with the benefits they hold, and the few queries we ask of them.

A lock's id is its order's. One that was released before it was made has asked for nothing, and
stays so that a lock under way is refused.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, Uuid, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, composite, mapped_column

from services.promotion.domain.lock import BenefitsNotFound, LockState
from services.promotion.storage import Row
from shared.contracts.ids import CouponId, OrderId, UserId
from shared.contracts.shapes import Funder
from shared.kit.caller import Caller, Role
from shared.kit.money import Money
from shared.kit.rows import money_columns, one_of
from shared.kit.session import Transaction
from shared.kit.writes import as_json


class BenefitLock(Row):
    """What an order asked for, and what became of it."""

    __tablename__ = "benefit_locks"
    __table_args__ = (
        # A person has one first order: two that are placed at once cannot both use it.
        Index(
            "uq_benefit_locks_first_order",
            "user_id",
            unique=True,
            postgresql_where=text("first_order AND state IN ('held', 'redeemed')"),
        ),
    )

    id: Mapped[OrderId] = mapped_column(Uuid, primary_key=True)
    user_id: Mapped[UserId] = mapped_column(Uuid)
    locked_at: Mapped[datetime]
    asked: Mapped[dict[str, Any] | None] = mapped_column(JSONB, default=None)
    skipped: Mapped[list[Any]] = mapped_column(
        JSONB, default_factory=list, server_default=text("'[]'")
    )
    first_order: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    state: Mapped[LockState] = mapped_column(
        one_of(LockState, "state"), default=LockState.HELD, server_default=text("'held'")
    )


class Benefit(Row):
    """What one coupon takes off one order; it stays when the lock has ended."""

    __tablename__ = "benefits"
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount"),
        Index("ix_benefits_coupon_id", "coupon_id"),
        Index("ix_benefits_campaign", "campaign"),
    )

    order_id: Mapped[OrderId] = mapped_column(
        Uuid, ForeignKey("benefit_locks.id"), primary_key=True
    )
    coupon_id: Mapped[CouponId] = mapped_column(Uuid, ForeignKey("coupons.id"), primary_key=True)
    campaign: Mapped[str] = mapped_column(Text, ForeignKey("campaigns.code"))
    amount: Mapped[Money] = composite(*money_columns("amount"))
    funder: Mapped[Funder] = mapped_column(one_of(Funder, "funder"))


_CLAIM = """
INSERT INTO benefit_locks (id, user_id, locked_at, asked) VALUES ($1, $2, $3, $4::jsonb)
ON CONFLICT (id) DO NOTHING RETURNING true
"""
_CHOSEN = "UPDATE benefit_locks SET skipped = $2::jsonb, first_order = $3 WHERE id = $1"


async def claim_lock(
    tx: Transaction, order_id: OrderId, user_id: UserId, asked: dict[str, Any] | None
) -> bool:
    """Be the first to lock for this order; a twin under way is waited for. False if there is one.

    ``asked`` None only forestalls: the order then never locks.
    """
    body = None if asked is None else as_json(asked)
    return bool(await tx.run(_CLAIM, order_id, user_id, tx.now, body))


def keep_choice(
    tx: Transaction, order_id: OrderId, skipped: list[dict[str, str]], is_first_order: bool
) -> None:
    """Keep with a lock made just now what did not count, and whether it is the first order's."""
    tx.later(_CHOSEN, order_id, as_json(skipped), is_first_order)


async def lock_for_update(tx: Transaction, caller: Caller, order_id: OrderId) -> BenefitLock | None:
    """The lock of an order, held until the transaction ends. Raises BenefitsNotFound."""
    found = select(BenefitLock).where(BenefitLock.id == order_id).with_for_update()
    lock = await tx.session.scalar(found.execution_options(populate_existing=True))
    if lock is not None and caller.role is not Role.SYSTEM and lock.user_id != caller.id:
        raise BenefitsNotFound(f"No benefits of order {order_id}.")
    return lock


async def benefits_of(tx: Transaction, order_id: OrderId) -> Sequence[Benefit]:
    """What the coupons of an order take off it, by coupon."""
    found = select(Benefit).where(Benefit.order_id == order_id).order_by(Benefit.coupon_id)
    return (await tx.session.scalars(found)).all()
