"""Refunds: what goes back to users."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Uuid, func, select
from sqlalchemy.orm import Mapped, composite, mapped_column

from services.payment.domain.payment import ChannelName
from services.payment.domain.refund import RefundNotFound, RefundReason, RefundState
from services.payment.storage import Row
from shared.contracts.ids import AccountId, OrderId, PaymentId, RefundId, UserId
from shared.kit.ids import new_id
from shared.kit.money import Money
from shared.kit.rows import money_columns
from shared.kit.session import Transaction


class Refund(Row):
    """Money on its way back, and how often it was asked for under a number of its own."""

    __tablename__ = "refunds"

    order_id: Mapped[OrderId] = mapped_column(Uuid, ForeignKey("payables.order_id"))
    payment_id: Mapped[PaymentId] = mapped_column(Uuid, ForeignKey("payments.id"))
    user_id: Mapped[UserId] = mapped_column(Uuid)
    channel: Mapped[ChannelName]
    amount: Mapped[Money] = composite(*money_columns("amount"))
    reason: Mapped[RefundReason]
    late: Mapped[bool]  # Of a payment that the order never had.
    requested_at: Mapped[datetime]
    note: Mapped[str] = mapped_column(default="")  # Staff's words.
    requested_by: Mapped[AccountId | None] = mapped_column(Uuid, default=None)
    channel_refund_id: Mapped[str] = mapped_column(default="")
    problem: Mapped[str] = mapped_column(default="")  # The channel's word for why it is stuck.
    ended_at: Mapped[datetime | None] = mapped_column(default=None)
    tries: Mapped[int] = mapped_column(default=1)  # Numbers used: all but the last are closed.
    state: Mapped[RefundState] = mapped_column(default=RefundState.REQUESTED)
    id: Mapped[RefundId] = mapped_column(Uuid, primary_key=True, default_factory=new_id)

    __table_args__ = (
        CheckConstraint("amount_minor >= 0", "amount_not_negative"),
        CheckConstraint("tries >= 1", "tries_positive"),
        Index("ix_refunds_order_id", "order_id"),
        Index("ix_refunds_user_id", "user_id", "id"),
        Index("ix_refunds_state", "state", "id"),
        # A payment that the order never needed goes back exactly once.
        Index("uq_refunds_late", "payment_id", unique=True, postgresql_where="late"),
    )


async def refund(tx: Transaction, id: RefundId) -> Refund:
    """The refund. Raises RefundNotFound."""
    found = await tx.session.get(Refund, id)
    if found is None:
        raise RefundNotFound(f"No refund {id}.")
    return found


async def refund_now(tx: Transaction, id: RefundId) -> Refund:
    """The refund as it is under its payable's lock: take that before. Raises RefundNotFound."""
    found = await tx.session.get(Refund, id, populate_existing=True)
    if found is None:
        raise RefundNotFound(f"No refund {id}.")
    return found


async def refunds_of(tx: Transaction, order_id: OrderId) -> Sequence[Refund]:
    """Every refund of the order, oldest first."""
    mine = select(Refund).where(Refund.order_id == order_id).order_by(Refund.id)
    return (await tx.session.scalars(mine)).all()


async def refunds_to(
    tx: Transaction, user_id: UserId, before: RefundId | None, limit: int
) -> Sequence[Refund]:
    """The user's refunds, newest first."""
    mine = select(Refund).where(Refund.user_id == user_id)
    if before is not None:
        mine = mine.where(Refund.id < before)
    return (await tx.session.scalars(mine.order_by(Refund.id.desc()).limit(limit))).all()


async def refunds_in(
    tx: Transaction, state: RefundState, after: RefundId | None, limit: int
) -> Sequence[Refund]:
    """Refunds in one state, oldest first."""
    there = select(Refund).where(Refund.state == state)
    if after is not None:
        there = there.where(Refund.id > after)
    return (await tx.session.scalars(there.order_by(Refund.id).limit(limit))).all()


async def refunded_so_far(tx: Transaction, order_id: OrderId) -> int:
    """Minor units that have reached the user, late payments apart."""
    done = select(func.coalesce(func.sum(Refund.__table__.c.amount_minor), 0)).where(
        Refund.order_id == order_id,
        Refund.state == RefundState.SUCCEEDED,
        ~Refund.late,
    )
    return int(await tx.session.scalar(done) or 0)
