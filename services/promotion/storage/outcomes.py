"""What promotion has heard about the money of orders: paid, refunded in full, in either order.

The two come from different publishers, so the refund may be heard first.
"""

from datetime import datetime

from sqlalchemy import Index, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from services.promotion.storage import Row
from shared.contracts.ids import OrderId, UserId
from shared.kit.caller import Caller
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


_PAID = """
INSERT INTO order_outcomes AS o (id, user_id, paid_at) VALUES ($1, $2, $3)
ON CONFLICT (id) DO UPDATE SET paid_at = coalesce(o.paid_at, excluded.paid_at)
RETURNING refunded_at
"""
_REFUNDED = """
INSERT INTO order_outcomes AS o (id, user_id, refunded_at) VALUES ($1, $2, $3)
ON CONFLICT (id) DO UPDATE SET refunded_at = coalesce(o.refunded_at, excluded.refunded_at)
"""
_HAS_PAID = """
SELECT EXISTS (SELECT FROM order_outcomes
WHERE user_id = $1 AND paid_at IS NOT NULL AND refunded_at IS NULL)
"""


async def note_paid(tx: Transaction, order_id: OrderId, user_id: UserId) -> bool:
    """The order is paid; True if it was heard to be refunded in full already."""
    [row] = await tx.run(_PAID, order_id, user_id, tx.now)
    return row[0] is not None


async def note_refunded(tx: Transaction, order_id: OrderId, user_id: UserId) -> None:
    """Everything that was paid for the order went back."""
    await tx.run(_REFUNDED, order_id, user_id, tx.now)


async def has_paid_order(tx: Transaction, caller: Caller) -> bool:
    """Whether the caller has a paid order that was not refunded in full."""
    [row] = await tx.run(_HAS_PAID, caller.id)
    return bool(row[0])
