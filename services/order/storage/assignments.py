"""Which offer ever put which worker into which position; a released offer never comes back."""

from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, SmallInteger, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from services.order.storage import Row
from services.order.storage.locking import (
    CrewNow,
    Locked,
    LockedOrder,
    Seat,
    change_seat,
    crew_in,
    lock_with_crew,
    locked_rows,
    order_in,
)
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


_TO_FILL = lock_with_crew(
    sight="$3::uuid IS NOT NULL",
    also=""",
    (SELECT released_at IS NULL FROM assignments a
        WHERE a.shard = o.shard AND a.offer_id = $3) AS is_held
""",
)
_FREE: dict[str, Any] = dict.fromkeys(
    ("worker_id", "offer_id", "assigned_at", "promised_at", "arrived_at")
)
_RELEASE = "UPDATE assignments SET released_at = $3 WHERE shard = $1 AND offer_id = $2"


class Hold(StrEnum):
    """What an offer ever did to an order."""

    NONE = "none"  # It never filled a position.
    HELD = "held"  # It holds one now.
    RELEASED = "released"  # It held one, and never will again.


async def order_to_fill_for_update(
    tx: Transaction, order_id: OrderId, offer_id: OfferId
) -> tuple[LockedOrder, CrewNow, Hold]:
    """An order, locked, with its crew and what this offer did to it. Raises OrderNotFound."""
    rows = await locked_rows(tx, _TO_FILL, order_id, offer_id)
    hold = {None: Hold.NONE, True: Hold.HELD, False: Hold.RELEASED}[rows[0]["is_held"]]
    return order_in(rows[0]), crew_in(rows), hold


def fill_position(
    tx: Transaction,
    order: Locked,
    seat: Seat,
    offer_id: OfferId,
    worker_id: WorkerId,
    promised_at: datetime | None,
) -> Seat:
    """Put the worker into a free position of a locked order; the position as it is then."""
    held: dict[str, Any] = {
        "worker_id": worker_id,
        "offer_id": offer_id,
        "assigned_at": tx.now,
        "promised_at": promised_at,
    }
    change_seat(tx, order, seat, **held)
    tx.write(
        Assignment(
            shard=order.shard,
            offer_id=offer_id,
            order_id=order.id,
            visit_id=seat.visit_id,
            position=seat.number,
            worker_id=worker_id,
            assigned_at=tx.now,
        )
    )
    return replace(seat, **held)


def free_position(tx: Transaction, order: Locked, seat: Seat) -> Seat:
    """Take the worker out of a filled position of a locked order; the position as it is then."""
    tx.later(_RELEASE, order.shard, seat.offer_id, tx.now)
    change_seat(tx, order, seat, **_FREE)
    return replace(seat, **_FREE)
