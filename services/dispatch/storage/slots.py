"""Rows of the workers' calendar as told: times that are taken, travel buffer included."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from services.dispatch.storage import Row
from shared.contracts.ids import OfferId, OrderId, WorkerId
from shared.contracts.worker import SlotBooked, SlotReleased
from shared.kit.session import Transaction


class Slot(Row):
    """A time of a worker that is taken; the worker service keeps the true calendar."""

    __tablename__ = "slots"
    __table_args__ = (
        Index("ix_slots_worker_id_ends_at", "worker_id", "ends_at"),
        CheckConstraint("starts_at <= ends_at", name="interval"),
    )

    offer_id: Mapped[OfferId] = mapped_column(Uuid, primary_key=True)
    worker_id: Mapped[WorkerId] = mapped_column(Uuid)
    order_id: Mapped[OrderId] = mapped_column(Uuid)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]


async def keep_slot(tx: Transaction, told: SlotBooked) -> None:
    """A time was taken."""
    await tx.run(
        "INSERT INTO slots (offer_id, worker_id, order_id, starts_at, ends_at)"
        " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (offer_id) DO UPDATE"
        " SET starts_at = excluded.starts_at, ends_at = excluded.ends_at",
        *(told.offer_id, told.worker_id, told.order_id, told.starts_at, told.ends_at),
    )


async def free_slot(tx: Transaction, told: SlotReleased) -> None:
    """A taken time was given back, or its job has ended."""
    if told.taken_back:
        await tx.run("DELETE FROM slots WHERE offer_id = $1", told.offer_id)
        return
    await tx.run(
        "UPDATE slots SET ends_at = greatest(starts_at, $2) WHERE offer_id = $1",
        *(told.offer_id, told.free_from),
    )
