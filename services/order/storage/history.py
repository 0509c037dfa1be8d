"""The append-only history of an order, and the one way its state changes."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import SmallInteger, Uuid, select
from sqlalchemy.orm import Mapped, mapped_column

from services.order.domain.order import BUILT, OrderMove, OrderState
from services.order.domain.refusals import MoveNotBuilt
from services.order.storage import Row
from services.order.storage.orders import Order
from shared.contracts.ids import OrderId
from shared.kit.caller import Caller, Role
from shared.kit.log import request_id
from shared.kit.rows import one_of
from shared.kit.session import Transaction


class OrderHistory(Row):
    """One move of an order, or a note: who, when, from where to where, and why."""

    __tablename__ = "order_history"

    shard: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    order_id: Mapped[OrderId] = mapped_column(Uuid, primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)  # From 1 without gaps.
    at: Mapped[datetime]
    actor: Mapped[UUID] = mapped_column(Uuid)
    role: Mapped[Role] = mapped_column(one_of(Role, "role"))
    what: Mapped[str]  # The move's name, or a note's: "escalated", "refunded".
    before: Mapped[OrderState | None] = mapped_column(one_of(OrderState, "before"))
    after: Mapped[OrderState] = mapped_column(one_of(OrderState, "after"))
    reason: Mapped[str] = mapped_column(default="")
    facts: Mapped[dict[str, Any]] = mapped_column(default_factory=dict)  # Ids and numbers only.
    correlation: Mapped[str] = mapped_column(default="")  # The request or event that caused it.


async def move_order(
    tx: Transaction, order: Order, move: OrderMove, by: Caller, reason: str = "", **facts: Any
) -> None:
    """Make one move of a locked order and write it down; nothing else changes its state.

    Raises MoveForbidden, MoveRefused; MoveNotBuilt for a legal move that is not offered yet.
    """
    before = order.state
    if move not in BUILT:
        move.check(before, by.role)
        raise MoveNotBuilt(f"{move.label} is not offered yet.", move=move.label, state=before)
    tx.move(order, move, by=by)
    _write(tx, order, by, move.label, before, reason, facts)


async def note_on_order(
    tx: Transaction, order: Order, what: str, by: Caller, reason: str = "", **facts: Any
) -> None:
    """Write down what happened to a locked order without moving it."""
    _write(tx, order, by, what, order.state, reason, facts)


def begin_history(tx: Transaction, order: Order, by: Caller) -> None:
    """The first row of a new order's history. Raises MoveForbidden."""
    if by.role not in OrderMove.PLACE.allowed:
        OrderMove.PLACE.check(order.state, by.role)
    _write(tx, order, by, OrderMove.PLACE.label, None, "", {})


def _write(
    tx: Transaction,
    order: Order,
    by: Caller,
    what: str,
    before: OrderState | None,
    reason: str,
    facts: dict[str, Any],
) -> None:
    order.version += 1
    tx.add(
        OrderHistory(
            shard=order.shard,
            order_id=order.id,
            number=order.version,
            at=tx.now,
            actor=by.id,
            role=by.role,
            what=what,
            before=before,
            after=order.state,
            reason=reason,
            facts=facts,
            correlation=str(tx.cause.id) if tx.cause else request_id.get(),
        )
    )


async def history_of(tx: Transaction, order: Order) -> list[OrderHistory]:
    """All that happened to an order, oldest first."""
    query = select(OrderHistory).where(
        OrderHistory.shard == order.shard, OrderHistory.order_id == order.id
    )
    return list(await tx.session.scalars(query.order_by(OrderHistory.number)))


def fold(history: list[OrderHistory]) -> OrderState | None:
    """The state that a history leads to; it equals the row's, or somebody went past the table."""
    state: OrderState | None = None
    for row in history:
        if row.before is not state:
            return None
        state = row.after
    return state
