"""How the catalogue is changed: each change counted and kept with who made it and why."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from services.order.domain.catalogue import CategoryTerms, OfferingLayout
from services.order.domain.search import Synonyms, offering_tokens
from services.order.storage.catalogue import (
    CatalogueChange,
    CatalogueVersion,
    CategoryRow,
    OfferingRow,
    PriceVersion,
    SynonymRow,
)
from shared.kit.caller import Caller
from shared.kit.ids import new_id
from shared.kit.session import Transaction


def record_change(
    tx: Transaction,
    catalogue: CatalogueVersion,
    caller: Caller,
    place: tuple[str, str],
    reason: str,
    *,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any],
) -> None:
    """Count a change of the locked catalogue and keep it; ``place`` is noun and code."""
    catalogue.version += 1
    change = CatalogueChange(
        id=new_id(),
        at=tx.now,
        actor=caller.id,
        noun=place[0],
        code=place[1],
        reason=reason,
        before=None if before is None else dict(before),
        after=dict(after),
    )
    tx.add(change)


async def changes_of(
    tx: Transaction, noun: str, code: str, cursor: UUID | None, limit: int
) -> Sequence[CatalogueChange]:
    """The changes of one thing, newest first, older than the cursor."""
    query = select(CatalogueChange).where(
        CatalogueChange.noun == noun, CatalogueChange.code == code
    )
    if cursor is not None:
        query = query.where(CatalogueChange.id < cursor)
    return (await tx.session.scalars(query.order_by(CatalogueChange.id.desc()).limit(limit))).all()


async def book_at(tx: Transaction, offering_id: UUID, at: datetime) -> PriceVersion | None:
    """The price book of an offering that holds, or will hold, at an instant."""
    query = select(PriceVersion).where(
        PriceVersion.offering_id == offering_id, PriceVersion.effective_at <= at
    )
    query = query.order_by(PriceVersion.effective_at.desc(), PriceVersion.version.desc())
    return (await tx.session.scalars(query.limit(1))).first()


async def books_beside(
    tx: Transaction, offering_id: UUID, now: datetime, begins: datetime
) -> list[PriceVersion]:
    """The price books of an offering that hold now or later, beside one that begins then."""
    query = select(PriceVersion).where(
        PriceVersion.offering_id == offering_id,
        PriceVersion.effective_at > now,
        PriceVersion.effective_at != begins,
    )
    # Of two that begin together the later written holds.
    written = await tx.session.scalars(query.order_by(PriceVersion.version))
    later = list({price.effective_at: price for price in written}.values())
    held = await book_at(tx, offering_id, now) if begins > now else None
    return later if held is None else [held, *later]


async def newest_price(tx: Transaction, offering_id: UUID) -> PriceVersion | None:
    """The price book of an offering that was written last, whenever it begins to hold."""
    query = select(PriceVersion).where(PriceVersion.offering_id == offering_id)
    return (await tx.session.scalars(query.order_by(PriceVersion.version.desc()).limit(1))).first()


async def synonyms_of(tx: Transaction) -> Synonyms:
    """All words that searches take for the same, by concept."""
    rows = await tx.session.scalars(select(SynonymRow).order_by(SynonymRow.concept))
    return {row.concept: row.words for row in rows}


async def index_offerings(tx: Transaction) -> None:
    """Make every offering findable anew, after words that they share have changed."""
    synonyms = await synonyms_of(tx)
    query = select(OfferingRow, CategoryRow).join(
        CategoryRow, CategoryRow.code == OfferingRow.category
    )
    for offering, category in await tx.session.execute(query):
        own = OfferingLayout.model_validate(offering.terms)
        of_category = CategoryTerms.model_validate(category.terms)
        offering.tokens = offering_tokens(own, of_category, synonyms)
