"""Rows of search rounds: who was looked at, what each would cost, and why others were passed over.

A round that comes out like the one before it is counted there instead of being kept again.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, Uuid, select
from sqlalchemy.orm import Mapped, mapped_column

from services.dispatch.domain.cost import Judged
from services.dispatch.storage import Row
from services.dispatch.storage.searches import Search
from shared.contracts.ids import OfferId, OrderId
from shared.kit.ids import new_id
from shared.kit.session import Transaction

PASSED_OVER_MAX = 200  # Explained one by one; the counts are of all.


class Round(Row):
    """One look around within one radius."""

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


async def keep_round(
    tx: Transaction,
    search: Search,
    radius_m: int,
    judged: Sequence[Judged],
    offer_id: OfferId | None,
) -> None:
    """Keep the explanation of a round, or count it with an equal one before it."""
    priced = [one.explained() for one in judged if not one.rejects]
    passed = [one.explained() for one in judged if one.rejects]
    counts = Counter(code for one in judged for code in one.rejects)
    rejected = {str(code): times for code, times in sorted(counts.items())}
    explained = priced + passed[:PASSED_OVER_MAX]
    if offer_id is None and search.rounds:
        last = await _last(tx, search.id, radius_m)
        if last and (last.candidates, last.rejected) == (explained, rejected):
            last.repeats += 1
            last.last_at = tx.now
            return
    search.rounds += 1
    tx.add(
        Round(
            search_id=search.id,
            order_id=search.order_id,
            number=search.rounds,
            radius_m=radius_m,
            first_at=tx.now,
            last_at=tx.now,
            candidates=explained,
            rejected=rejected,
            offer_id=offer_id,
        )
    )


async def _last(tx: Transaction, search_id: UUID, radius_m: int) -> Round | None:
    """The search's newest round, if it was of this radius and found nobody."""
    newest = select(Round).where(Round.search_id == search_id).order_by(Round.number.desc())
    found: Round | None = await tx.session.scalar(newest.limit(1))
    return found if found and found.radius_m == radius_m and found.offer_id is None else None


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
