"""Make an offering of the catalogue, or change it and its price."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.order.domain.catalogue import (
    CategoryTerms,
    OfferingTerms,
    PriceBook,
    PriceDateInvalid,
    check_durations,
    check_terms,
)
from services.order.domain.search import offering_tokens
from services.order.storage.catalogue import (
    CategoryRow,
    OfferingRow,
    PriceVersion,
    catalogue_for_update,
    category_row,
    known_offering,
)
from services.order.storage.catalogue_changes import (
    book_at,
    books_beside,
    newest_price,
    record_change,
    synonyms_of,
)
from shared.kit.caller import Caller
from shared.kit.ids import new_id
from shared.kit.session import Transaction
from shared.privacy.masks import scrub


@dataclass(frozen=True, slots=True)
class PutOffering:
    """What became of an offering that staff put."""

    id: UUID
    code: str
    price_version: int  # Of the price book that was put.
    changed: bool


async def put_offering(
    tx: Transaction,
    caller: Caller,
    code: str,
    terms: OfferingTerms,
    reason: str,
    effective_at: datetime | None,
) -> PutOffering:
    """Staff put an offering as it shall be; its price holds from ``effective_at``, or from now.

    The same again changes nothing; another price book gets the next version.
    Raises CategoryNotFound, BookInvalid, PriceDateInvalid.
    """
    catalogue = await catalogue_for_update(tx)
    category = await category_row(tx, terms.category)
    known = await known_offering(tx, code)
    check_terms(terms)
    if effective_at is not None and effective_at < tx.now:
        raise PriceDateInvalid(field="effective_at", reason="is in the past")

    newest = None if known is None else await newest_price(tx, known.id)
    # Who waited for the lock may have begun before the price that was written meanwhile.
    now = tx.now if newest is None else max(tx.now, newest.written_at)
    begins = max(effective_at or now, now)
    after, book = terms.as_json(), terms.book.as_json()
    held = None if known is None else await book_at(tx, known.id, begins)
    same_book = held is not None and held.book == book
    before = None if known is None else {**known.terms, "book": held and held.book}
    if known is not None and held is not None and before == after:
        return PutOffering(known.id, code, held.version, changed=False)

    await _check_beside(tx, known, terms, now, begins)
    reason = scrub(reason)
    record_change(tx, catalogue, caller, ("offering", code), reason, before=before, after=after)
    row = await _written(tx, code, known, terms, category)
    if held is not None and same_book:
        return PutOffering(row.id, code, held.version, changed=True)
    version = 1 if newest is None else newest.version + 1
    price = PriceVersion(
        offering_id=row.id,
        version=version,
        effective_at=begins,
        book=book,
        written_at=now,
        written_by=caller.id,
        reason=reason,
    )
    tx.add(price)
    return PutOffering(row.id, code, version, changed=True)


async def _check_beside(
    tx: Transaction,
    known: OfferingRow | None,
    terms: OfferingTerms,
    now: datetime,
    begins: datetime,
) -> None:
    """The layout holds at once and for all: with the books of before and after this one too."""
    for price in await books_beside(tx, known.id, now, begins) if known else []:
        which = f"the price that begins at {price.effective_at:%Y-%m-%dT%H:%M:%SZ}"
        check_durations(terms, PriceBook.model_validate(price.book), which)


async def _written(
    tx: Transaction,
    code: str,
    known: OfferingRow | None,
    terms: OfferingTerms,
    category: CategoryRow,
) -> OfferingRow:
    """The offering's row as put: all but the price book, and what a search finds it by."""
    shown = CategoryTerms.model_validate(category.terms)
    columns: dict[str, Any] = {
        "category": terms.category,
        "rank": terms.rank,
        "on_sale": terms.on_sale,
        "districts": terms.districts,
        "terms": terms.model_dump(mode="json", exclude={"book"}),
        "tokens": offering_tokens(terms, shown, await synonyms_of(tx)),
    }
    if known is None:
        known = OfferingRow(id=new_id(), code=code, **columns)
        tx.add(known)
        await tx.session.flush()
        return known
    for name, value in columns.items():
        setattr(known, name, value)
    return known
