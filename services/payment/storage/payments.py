"""Attempts to pay, and the channel accounts of those who pay."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, Uuid, select, text
from sqlalchemy.orm import Mapped, composite, mapped_column

from services.payment.domain.payment import (
    ChannelName,
    PaymentMove,
    PaymentNotFound,
    PaymentState,
)
from services.payment.storage import Row
from shared.contracts.ids import OrderId, PaymentId, UserId
from shared.kit.caller import Caller, Role
from shared.kit.ids import new_id
from shared.kit.money import Money
from shared.kit.rows import money_columns
from shared.kit.session import Transaction
from shared.privacy.sealing import seal, unseal

_CLOSABLE = sorted(PaymentMove.CLOSE.sources)


class Payment(Row):
    """One attempt to pay an order at one channel; its number there is its id."""

    __tablename__ = "payments"

    order_id: Mapped[OrderId] = mapped_column(Uuid, ForeignKey("payables.order_id"))
    user_id: Mapped[UserId] = mapped_column(Uuid)
    channel: Mapped[ChannelName]
    amount: Mapped[Money] = composite(*money_columns("amount"))
    expires_at: Mapped[datetime]
    created_at: Mapped[datetime]
    prepay_id: Mapped[str] = mapped_column(default="")
    opened_at: Mapped[datetime | None] = mapped_column(default=None)
    transaction_id: Mapped[str | None] = mapped_column(default=None)  # The channel's own number.
    paid_at: Mapped[datetime | None] = mapped_column(default=None)
    state: Mapped[PaymentState] = mapped_column(default=PaymentState.PREPARING)
    id: Mapped[PaymentId] = mapped_column(Uuid, primary_key=True, default_factory=new_id)

    __table_args__ = (
        CheckConstraint("amount_minor >= 0", "amount_not_negative"),
        Index("ix_payments_order_id", "order_id"),
        Index("ix_payments_user_id", "user_id", "created_at"),
        # The database holds the rules too: one open attempt a channel, one that pays the order.
        Index(
            "uq_payments_open",
            "order_id",
            "channel",
            unique=True,
            postgresql_where=text("state IN ('preparing', 'open')"),
        ),
        Index(
            "uq_payments_captured",
            "order_id",
            unique=True,
            postgresql_where=text("state = 'captured'"),
        ),
        Index("uq_payments_transaction", "channel", "transaction_id", unique=True),
    )


class Payer(Row):
    """A user's account at a channel, sealed; learnt from a login code."""

    __tablename__ = "payers"

    account: Mapped[bytes] = mapped_column(LargeBinary)
    learnt_at: Mapped[datetime]
    user_id: Mapped[UserId] = mapped_column(Uuid, primary_key=True)


async def payment(tx: Transaction, caller: Caller, id: PaymentId) -> Payment:
    """The attempt. Raises PaymentNotFound."""
    found = await tx.session.get(Payment, id)
    if found is None or (caller.role is Role.USER and found.user_id != caller.id):
        raise PaymentNotFound(f"No payment {id} of yours.")
    return found


async def payment_for_update(tx: Transaction, id: PaymentId) -> Payment:
    """The attempt, locked; lock its payable before. Raises PaymentNotFound."""
    found = await tx.session.get(Payment, id, with_for_update=True, populate_existing=True)
    if found is None:
        raise PaymentNotFound(f"No payment {id}.")
    return found


async def payments_of(tx: Transaction, order_id: OrderId) -> Sequence[Payment]:
    """Every attempt to pay the order, oldest first."""
    mine = select(Payment).where(Payment.order_id == order_id).order_by(Payment.id)
    return (await tx.session.scalars(mine)).all()


async def closable_payments(tx: Transaction, order_id: OrderId) -> Sequence[Payment]:
    """Attempts that may still be paid."""
    mine = select(Payment).where(Payment.order_id == order_id, Payment.state.in_(_CLOSABLE))
    return (await tx.session.scalars(mine.order_by(Payment.id))).all()


async def open_account(tx: Transaction, user_id: UserId, sealed: bytes) -> str:
    """The user's account at WeChat in the clear."""
    return await unseal(tx, user_id, "payers.account", user_id, sealed)


async def keep_payer(tx: Transaction, user_id: UserId, account: str) -> None:
    """Remember the user's account at WeChat, so that the next payment needs no login code."""
    sealed = await seal(tx, user_id, "payers.account", user_id, account)
    tx.later(
        "INSERT INTO payers (user_id, account, learnt_at) VALUES ($1, $2, $3)"
        " ON CONFLICT (user_id) DO UPDATE SET account = $2, learnt_at = $3",
        *(user_id, sealed, tx.now),
    )
