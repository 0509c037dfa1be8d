"""Settlements: one for each accepted order."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Uuid, select
from sqlalchemy.orm import Mapped, composite, mapped_column

from services.payment.domain.settlement import SettlementNotFound, SettlementState
from services.payment.storage import Row
from shared.contracts.ids import AccountId, OrderId
from shared.kit.ids import new_id
from shared.kit.money import Money
from shared.kit.rows import money_columns
from shared.kit.session import Transaction


class Settlement(Row):
    """How an order's escrow is divided, decided once and carried out by the bank."""

    __tablename__ = "settlements"

    order_id: Mapped[OrderId] = mapped_column(Uuid, ForeignKey("payables.order_id"), unique=True)
    shares: Mapped[list[Any]]  # {visit_number, position, worker_id, worked, net_minor}
    splits: Mapped[list[Any]]  # What the bank is told: {party, account, amount_minor}.
    commission: Mapped[Money] = composite(*money_columns("commission"))
    to_user: Mapped[Money] = composite(*money_columns("to_user"))
    to_promotion: Mapped[Money] = composite(*money_columns("to_promotion"))
    top_up: Mapped[Money] = composite(*money_columns("top_up"))  # The platform's discounts.
    requested_at: Mapped[datetime]
    topped_up_at: Mapped[datetime | None] = mapped_column(default=None)  # By the bank's clock.
    executed_at: Mapped[datetime | None] = mapped_column(default=None)  # By the bank's clock.
    problem: Mapped[str] = mapped_column(default="")  # The bank's word for why it refused.
    note: Mapped[str] = mapped_column(default="")  # Staff's words when they tried again.
    retried_by: Mapped[AccountId | None] = mapped_column(Uuid, default=None)
    state: Mapped[SettlementState] = mapped_column(default=SettlementState.REQUESTED)
    id: Mapped[UUID] = mapped_column(primary_key=True, default_factory=new_id)

    __table_args__ = (
        CheckConstraint("commission_minor >= 0", "commission_not_negative"),
        CheckConstraint("to_user_minor >= 0", "to_user_not_negative"),
        CheckConstraint("to_promotion_minor >= 0", "to_promotion_not_negative"),
        CheckConstraint("top_up_minor >= 0", "top_up_not_negative"),
    )


async def settlement(tx: Transaction, id: UUID) -> Settlement:
    """The settlement. Raises SettlementNotFound."""
    found = await tx.session.get(Settlement, id)
    if found is None:
        raise SettlementNotFound(f"No settlement {id}.")
    return found


async def settlement_now(tx: Transaction, id: UUID) -> Settlement:
    """The settlement under its payable's lock: take that before. Raises SettlementNotFound."""
    found = await tx.session.get(Settlement, id, populate_existing=True)
    if found is None:
        raise SettlementNotFound(f"No settlement {id}.")
    return found


async def settlement_of(tx: Transaction, order_id: OrderId) -> Settlement | None:
    """The order's settlement, if it has one."""
    mine = select(Settlement).where(Settlement.order_id == order_id)
    return await tx.session.scalar(mine)
