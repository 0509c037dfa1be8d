"""Which offer ever put which worker into which position; a released offer never comes back."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, SmallInteger, Uuid, select
from sqlalchemy.orm import Mapped, mapped_column

from services.order.storage import Row
from services.order.storage.orders import Order, Position
from shared.contracts.ids import OfferId, OrderId, VisitId, WorkerId
from shared.kit.session import Transaction


class Assignment(Row):
    """One worker's hold of a position, from the accepted offer until it is released."""

    __tablename__ = "assignments"

    shard: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    offer_id: Mapped[OfferId] = mapped_column(Uuid, primary_key=True)
    order_id: Mapped[OrderId] = mapped_column(Uuid)
    visit_id: Mapped[VisitId] = mapped_column(Uuid)
    position: Mapped[int]
    worker_id: Mapped[WorkerId] = mapped_column(Uuid)
    assigned_at: Mapped[datetime]
    released_at: Mapped[datetime | None] = mapped_column(default=None)

    __table_args__ = (
        ForeignKeyConstraint(["shard", "order_id"], ["orders.shard", "orders.id"]),
        Index("ix_assignments_shard_order_id", "shard", "order_id"),
    )


async def assignment_of(tx: Transaction, order: Order, offer_id: UUID) -> Assignment | None:
    """What this offer did to the order, if anything."""
    return await tx.session.get(Assignment, (order.shard, offer_id))


def fill_position(
    tx: Transaction, position: Position, offer_id: OfferId, worker_id: WorkerId
) -> None:
    """Put the worker into a free position of a locked order."""
    position.worker_id, position.offer_id = worker_id, offer_id
    position.assigned_at = tx.now
    tx.add(
        Assignment(
            shard=position.shard,
            offer_id=offer_id,
            order_id=position.order_id,
            visit_id=position.visit_id,
            position=position.number,
            worker_id=worker_id,
            assigned_at=tx.now,
        )
    )


async def free_position(tx: Transaction, order: Order, position: Position) -> Assignment:
    """Take the worker out of a filled position of a locked order; what they had held."""
    query = select(Assignment).where(
        Assignment.shard == order.shard, Assignment.offer_id == position.offer_id
    )
    held = (await tx.session.scalars(query)).one()
    held.released_at = tx.now
    position.worker_id = position.offer_id = None
    position.assigned_at = position.arrived_at = None
    return held
