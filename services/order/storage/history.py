"""The append-only history of an order, and the one way its state changes."""

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import SmallInteger, Uuid, select
from sqlalchemy.orm import Mapped, mapped_column

from services.order.domain.order import BUILT, OrderMove, OrderState
from services.order.domain.refusals import MoveNotBuilt
from services.order.storage import Row
from services.order.storage.locking import Locked, change_order
from services.order.storage.orders import Order
from shared.contracts.ids import OrderId
from shared.kit.caller import Caller, Role
from shared.kit.log import request_id
from shared.kit.rows import one_of
from shared.kit.session import Transaction

NOTHING: Mapping[str, Any] = {}


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


Held = TypeVar("Held", bound=Locked)


async def move_order(
    tx: Transaction,
    order: Held,
    move: OrderMove,
    by: Caller,
    reason: str = "",
    also: Mapping[str, Any] = NOTHING,
    **facts: Any,
) -> Held:
    """Make one move of a locked order, with ``also``, and write it down; the order as it is then.

    Nothing else changes its state. Raises MoveForbidden, MoveRefused; MoveNotBuilt for a legal move
    that is not offered yet.
    """
    move.check(order.state, by.role)
    if move not in BUILT:
        raise MoveNotBuilt(f"{move.label} is not offered yet.", move=move.label, state=order.state)
    version = order.version + 1
    await tx.move_where(Order, order.id, move, by=by, version=version, **also)
    after = OrderState(move.target or order.state)
    moved = _with(order, {**also, "state": after, "version": version})
    _write(tx, moved, by, move.label, order.state, reason, facts)
    return moved


async def note_on_order(
    tx: Transaction,
    order: Held,
    what: str,
    by: Caller,
    reason: str = "",
    also: Mapping[str, Any] = NOTHING,
    **facts: Any,
) -> Held:
    """Write down what happened to a locked order without moving it; the order as it is then."""
    change = {**also, "version": order.version + 1}
    await change_order(tx, order, change)
    noted = _with(order, change)
    _write(tx, noted, by, what, order.state, reason, facts)
    return noted


def _with(order: Held, change: Mapping[str, Any]) -> Held:
    """The order with those of the changes that it shows."""
    shown = {field.name for field in fields(order)}
    return replace(order, **{name: value for name, value in change.items() if name in shown})


def begin_history(tx: Transaction, order: Order, by: Caller, reason: str = "") -> None:
    """The first row of a new order's history. Raises MoveForbidden."""
    if by.role not in OrderMove.PLACE.allowed:
        OrderMove.PLACE.check(order.state, by.role)
    order.version += 1
    _write(tx, order, by, OrderMove.PLACE.label, None, reason, {})


def _write(
    tx: Transaction,
    order: Order | Locked,
    by: Caller,
    what: str,
    before: OrderState | None,
    reason: str,
    facts: dict[str, Any],
) -> None:
    """The row of what was just done; the order has its new state and version already."""
    tx.write(
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
    """All that had happened to an order when it was read, oldest first."""
    query = select(OrderHistory).where(
        OrderHistory.shard == order.shard,
        OrderHistory.order_id == order.id,
        OrderHistory.number <= order.version,
    )
    return list(await tx.session.scalars(query.order_by(OrderHistory.number)))


def leads_to(history: list[OrderHistory], state: OrderState, version: int) -> bool:
    """Whether a history is all that an order of this version went through to be in this state.

    What was written after the order was read belongs to a later version.
    """
    rows = [row for row in history if row.number <= version]
    return len(rows) == version and fold(rows) is state


def fold(history: list[OrderHistory]) -> OrderState | None:
    """The state that a history leads to; it equals the row's, or somebody went past the table."""
    state: OrderState | None = None
    for row in history:
        if row.before is not state:
            return None
        state = row.after
    return state
