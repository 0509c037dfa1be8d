"""Rows of search rounds: who was looked at, what each would cost, and why others were passed over.

A round that comes out like the one before it is counted there instead of being kept again.
"""

from collections import Counter
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, Uuid, select
from sqlalchemy.orm import Mapped, mapped_column

from services.dispatch.domain.widening import Look
from services.dispatch.storage import Row
from services.dispatch.storage.searches import Said, Search, Wanted
from shared.contracts.ids import OfferId, OrderId
from shared.kit.ids import new_id
from shared.kit.session import Transaction

PASSED_OVER_MAX = 200  # Explained one by one; the counts are of all.


class Round(Row):
    """One look around, from the radius the search has come to up to ``radius_m``."""

    __tablename__ = "rounds"
    __table_args__ = (
        UniqueConstraint("search_id", "number"),
        Index("ix_rounds_order_id_id", "order_id", "id"),
        CheckConstraint("repeats >= 1", name="repeats"),
    )

    search_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("searches.id"))
    order_id: Mapped[OrderId] = mapped_column(Uuid)
    number: Mapped[int]
    radius_m: Mapped[int]
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    candidates: Mapped[list[Any]]  # Features, terms and cost, or the reject codes, of each.
    rejected: Mapped[dict[str, Any]]  # How many by code.
    offer_id: Mapped[OfferId | None] = mapped_column(Uuid, default=None)
    repeats: Mapped[int] = mapped_column(default=1)
    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default_factory=new_id)


_COUNT = "UPDATE searches SET rounds = $2, step = $3 WHERE id = $1"
_REPEAT = """
UPDATE rounds SET repeats = repeats + 1, last_at = $3 WHERE search_id = $1 AND number = $2
"""


def keep_round(tx: Transaction, wanted: Wanted, look: Look) -> None:
    """Keep the explanation of a round that made no offer, or count it with an equal one before."""
    if _said(look) == wanted.said_last:
        tx.later(_REPEAT, wanted.id, wanted.rounds, tx.now)
        return
    tx.write(new_round(tx, wanted, look))
    tx.later(_COUNT, wanted.id, wanted.rounds + 1, look.step)


def new_round(
    tx: Transaction, wanted: Wanted, look: Look, offer_id: OfferId | None = None
) -> Round:
    """The explanation of a round, with the offer it made, if any."""
    said = _said(look)
    return Round(
        search_id=wanted.id,
        order_id=OrderId(wanted.job.order_id),
        number=wanted.rounds + 1,
        radius_m=said.radius_m,
        first_at=tx.now,
        last_at=tx.now,
        candidates=said.candidates,
        rejected=said.rejected,
        offer_id=offer_id,
    )


def _said(look: Look) -> Said:
    """Each worker as explained, those who could come first; and how many were passed over by code.

    Those who could come are all explained, of the others only the first.
    """
    shown = look.judged[: len(look.able) + PASSED_OVER_MAX]
    counts = Counter(str(code) for one in look.judged for code in one.rejects)
    explained = [one.explained() for one in shown]
    return Said(look.radius_m, explained, dict(sorted(counts.items())))


async def rounds_of_order(
    tx: Transaction, order_id: UUID, after: UUID | None, limit: int
) -> list[tuple[Round, Search]]:
    """The rounds of an order with the search of each, oldest first."""
    mine = select(Round, Search).join(Search, Search.id == Round.search_id)
    mine = mine.where(Round.order_id == order_id)
    if after is not None:
        mine = mine.where(Round.id > after)
    found = await tx.session.execute(mine.order_by(Round.id).limit(limit))
    return [(row[0], row[1]) for row in found]
