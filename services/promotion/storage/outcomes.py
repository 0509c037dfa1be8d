"""What promotion has heard about the money of orders: paid, refunded in full, in either order.

The two come from different publishers, so the refund may be heard first.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Index, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from services.promotion.domain.lock import LockState
from services.promotion.storage import Row
from shared.contracts.ids import OrderId, UserId
from shared.kit.session import Transaction


class OrderOutcome(Row):
    """One order's money, as far as it decides who has had a first order."""

    __tablename__ = "order_outcomes"
    __table_args__ = (
        Index(
            "ix_order_outcomes_user_id",
            "user_id",
            postgresql_where=text("paid_at IS NOT NULL AND refunded_at IS NULL"),
        ),
    )

    id: Mapped[OrderId] = mapped_column(Uuid, primary_key=True)
    user_id: Mapped[UserId] = mapped_column(Uuid)
    paid_at: Mapped[datetime | None] = mapped_column(default=None)
    refunded_at: Mapped[datetime | None] = mapped_column(default=None)


# Counting the lock makes it locked before the outcome is written, as everywhere.
_PAID = """
WITH lock AS MATERIALIZED (SELECT state FROM benefit_locks WHERE id = $1 FOR UPDATE),
noted AS (
    INSERT INTO order_outcomes AS o (id, user_id, paid_at)
    SELECT $1, $2, $3 FROM (SELECT count(*) FROM lock) AS locked
    ON CONFLICT (id) DO UPDATE SET paid_at = coalesce(o.paid_at, excluded.paid_at)
    RETURNING refunded_at)
SELECT lock.state, noted.refunded_at IS NOT NULL AS is_refunded FROM noted LEFT JOIN lock ON true
"""
_REFUNDED = """
INSERT INTO order_outcomes AS o (id, user_id, refunded_at) VALUES ($1, $2, $3)
ON CONFLICT (id) DO UPDATE SET refunded_at = coalesce(o.refunded_at, excluded.refunded_at)
"""


@dataclass(frozen=True, slots=True)
class Paid:
    """What was known about a paid order: its lock, and whether its refund was heard already."""

    lock: LockState | None
    is_refunded: bool


async def note_paid(tx: Transaction, order_id: OrderId, user_id: UserId) -> Paid:
    """The order is paid; its lock, if there is one, is held until the transaction ends."""
    [row] = await tx.run(_PAID, order_id, user_id, tx.now)
    state = row["state"]
    return Paid(None if state is None else LockState(state), row["is_refunded"])


async def note_refunded(tx: Transaction, order_id: OrderId, user_id: UserId) -> None:
    """Everything that was paid for the order went back."""
    await tx.run(_REFUNDED, order_id, user_id, tx.now)
