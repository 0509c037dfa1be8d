"""Rows of orders with their visits, stops and crew positions, and how they are fetched.

Every table here leads with ``shard``, the low 12 bits of the user's id and of the order's own, so
that an order id alone finds its shard. Visits, stops and positions change only under the lock of
their order's row.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Select,
    SmallInteger,
    UniqueConstraint,
    Uuid,
    select,
    text,
)
from sqlalchemy.orm import Mapped, composite, mapped_column

from services.order.domain.order import OrderState
from services.order.domain.refusals import OrderNotFound
from services.order.storage import Row
from shared.contracts.ids import OfferId, OfferingId, OrderId, QuoteId, UserId, VisitId, WorkerId
from shared.contracts.order import CancelReason
from shared.contracts.shapes import Urgency
from shared.kit.caller import Caller, Role
from shared.kit.ids import shard_of
from shared.kit.money import Money
from shared.kit.rows import money_columns, one_of
from shared.kit.session import Transaction


class Order(Row):
    """A user's contract: what was ordered, for how much, and where it stands."""

    __tablename__ = "orders"

    shard: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    id: Mapped[OrderId] = mapped_column(Uuid, primary_key=True)
    number: Mapped[str]  # What people read out, e.g. "JA-7K3M-92Q4".
    user_id: Mapped[UserId] = mapped_column(Uuid)
    quote_id: Mapped[QuoteId] = mapped_column(Uuid)
    category: Mapped[str]
    offering_id: Mapped[OfferingId] = mapped_column(Uuid)
    offering_name: Mapped[dict[str, Any]]  # By locale, as it was when ordered.
    urgency: Mapped[Urgency] = mapped_column(one_of(Urgency, "urgency"))
    equipment: Mapped[str]  # Class of vehicle or tool; empty when none is needed.
    list_price: Mapped[Money] = composite(*money_columns("list_price"))
    payable: Mapped[Money] = composite(*money_columns("payable"))
    commissionable: Mapped[Money] = composite(*money_columns("commissionable"))
    discounts: Mapped[list[Any]]  # As in order.placed: code, amount, funder.
    lines: Mapped[list[Any]]  # The itemised price as it was shown.
    checklist: Mapped[list[Any]]  # The offering's stages and items, as they were when ordered.
    by_quotation: Mapped[bool]  # The work is priced on site; what was ordered is the visit.
    start_code: Mapped[str]  # Four digits that the user tells the lead on arrival.
    placed_at: Mapped[datetime]
    pay_until: Mapped[datetime]
    auto_accept_hours: Mapped[int] = mapped_column(default=48)
    state: Mapped[OrderState] = mapped_column(
        one_of(OrderState, "state"), default=OrderState.PENDING_PAYMENT
    )
    version: Mapped[int] = mapped_column(default=0)  # Counts the rows of its history.
    visit_number: Mapped[int] = mapped_column(default=1)  # The visit that the moves are about.
    start_tries: Mapped[int] = mapped_column(default=0)  # Wrong start codes so far.
    paid_at: Mapped[datetime | None] = mapped_column(default=None)
    capture: Mapped[dict[str, Any]] = mapped_column(default_factory=dict)  # What payment told.
    search_until: Mapped[datetime | None] = mapped_column(default=None)
    escalated_at: Mapped[datetime | None] = mapped_column(default=None)
    completed_at: Mapped[datetime | None] = mapped_column(default=None)
    accept_until: Mapped[datetime | None] = mapped_column(default=None)
    accepted_at: Mapped[datetime | None] = mapped_column(default=None)
    cancelled_at: Mapped[datetime | None] = mapped_column(default=None)
    cancel_reason: Mapped[CancelReason | None] = mapped_column(
        one_of(CancelReason, "cancel_reason"), default=None
    )
    refunded_minor: Mapped[int] = mapped_column(default=0)  # In the payable's currency.
    case_open: Mapped[bool] = mapped_column(default=False)  # After-sales processing.

    __table_args__ = (
        UniqueConstraint("number", "shard"),
        UniqueConstraint("shard", "quote_id"),
        CheckConstraint("list_price_minor >= 0", name="list_price_not_negative"),
        CheckConstraint("payable_minor BETWEEN 0 AND list_price_minor", name="payable_in_range"),
        CheckConstraint("commissionable_minor >= 0", name="commissionable_not_negative"),
        CheckConstraint("refunded_minor BETWEEN 0 AND payable_minor", name="refunded_in_range"),
        CheckConstraint(
            "(state = 'cancelled') = (cancelled_at IS NOT NULL)", name="cancelled_has_instant"
        ),
        Index("ix_orders_shard_user_id_id", "shard", "user_id", text("id DESC")),
        Index("ix_orders_state_id", "state", text("id DESC")),
    )


class Visit(Row):
    """One coming on site."""

    __tablename__ = "visits"

    shard: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    id: Mapped[VisitId] = mapped_column(Uuid, primary_key=True)
    order_id: Mapped[OrderId] = mapped_column(Uuid)
    number: Mapped[int]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    departed_at: Mapped[datetime | None] = mapped_column(default=None)
    arrived_at: Mapped[datetime | None] = mapped_column(default=None)
    arrived_by: Mapped[str | None] = mapped_column(default=None)  # distance or start_code.
    started_at: Mapped[datetime | None] = mapped_column(default=None)
    ended_at: Mapped[datetime | None] = mapped_column(default=None)

    __table_args__ = (
        ForeignKeyConstraint(["shard", "order_id"], ["orders.shard", "orders.id"]),
        UniqueConstraint("shard", "order_id", "number"),
        CheckConstraint("starts_at < ends_at", name="ends_after_start"),
        CheckConstraint("number >= 1", name="number_from_one"),
    )


class Stop(Row):
    """A place that a visit goes to; its address lines are sealed for the user."""

    __tablename__ = "stops"

    shard: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    order_id: Mapped[OrderId] = mapped_column(Uuid)
    visit_id: Mapped[VisitId] = mapped_column(Uuid)
    number: Mapped[int]
    kind: Mapped[str]  # site, pick_up, drop_off.
    lat: Mapped[float]
    lng: Mapped[float]
    district: Mapped[str]
    lines: Mapped[bytes]  # Sealed JSON: estate, building, block, floor, flat.
    address_id: Mapped[UUID | None] = mapped_column(Uuid, default=None)
    has_lift: Mapped[bool] = mapped_column(default=True)
    steps: Mapped[int] = mapped_column(default=0)

    __table_args__ = (
        ForeignKeyConstraint(["shard", "order_id"], ["orders.shard", "orders.id"]),
        UniqueConstraint("shard", "order_id", "visit_id", "number"),
        CheckConstraint("kind IN ('site', 'pick_up', 'drop_off')", name="kind"),
    )


class Position(Row):
    """One worker's place in the crew of a visit; number 1 is the lead."""

    __tablename__ = "positions"

    shard: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    visit_id: Mapped[VisitId] = mapped_column(Uuid, primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[OrderId] = mapped_column(Uuid)
    visit_number: Mapped[int]
    weight: Mapped[int]  # Share of the pay, relative to the other positions.
    skill: Mapped[str]
    level: Mapped[int]
    worker_id: Mapped[WorkerId | None] = mapped_column(Uuid, default=None)
    offer_id: Mapped[OfferId | None] = mapped_column(Uuid, default=None)
    assigned_at: Mapped[datetime | None] = mapped_column(default=None)
    arrived_at: Mapped[datetime | None] = mapped_column(default=None)  # Set: it was worked.
    promised_at: Mapped[datetime | None] = mapped_column(default=None)  # Be there, said the worker.

    __table_args__ = (
        ForeignKeyConstraint(["shard", "order_id"], ["orders.shard", "orders.id"]),
        CheckConstraint("number >= 1 AND weight >= 0", name="number_and_weight"),
        CheckConstraint("level BETWEEN 1 AND 5", name="level"),
        CheckConstraint(
            "(worker_id IS NULL) = (offer_id IS NULL)"
            " AND (worker_id IS NULL) = (assigned_at IS NULL)"
            " AND (arrived_at IS NULL OR worker_id IS NOT NULL)",
            name="filled_whole",
        ),
        CheckConstraint("promised_at IS NULL OR worker_id IS NOT NULL", name="promise_of_somebody"),
        Index("ix_positions_shard_order_id", "shard", "order_id"),
        Index(
            "uq_positions_shard_visit_id_worker_id",
            "shard",
            "visit_id",
            "worker_id",
            unique=True,
            postgresql_where=text("worker_id IS NOT NULL"),
        ),
        # A worker's jobs lie in the shards of their users, so this one leads with the worker.
        Index(
            "ix_positions_worker_id_order_id",
            "worker_id",
            text("order_id DESC"),
            postgresql_where=text("worker_id IS NOT NULL"),
        ),
    )


def _visible(caller: Caller, order_id: UUID) -> Select[Order]:
    """The order, if the caller's role gives them sight of it: their own, their job, or all."""
    shard = shard_of(order_id)
    query = select(Order).where(Order.shard == shard, Order.id == order_id)
    if caller.role is Role.USER:
        return query.where(Order.user_id == caller.id)
    if caller.role is Role.WORKER:
        held = select(Position.number).where(
            Position.shard == shard,
            Position.order_id == order_id,
            Position.worker_id == caller.id,
        )
        return query.where(held.exists())
    return query


async def order_of(tx: Transaction, caller: Caller, order_id: UUID) -> Order:
    """The order as it stands, for who may see it. Raises OrderNotFound."""
    order = await tx.session.scalar(_visible(caller, order_id))
    if order is None:
        raise OrderNotFound(f"No order {order_id}.")
    return order


async def order_exists(tx: Transaction, order_id: UUID) -> bool:
    """Whether there is an order of this id."""
    sql = "SELECT 1 FROM orders WHERE shard = $1 AND id = $2"
    return bool(await tx.run(sql, shard_of(order_id), order_id))


async def current_visit(tx: Transaction, order: Order) -> Visit:
    """The visit that the order's next moves are about."""
    query = select(Visit).where(
        Visit.shard == order.shard,
        Visit.order_id == order.id,
        Visit.number == order.visit_number,
    )
    return (await tx.session.scalars(query)).one()
