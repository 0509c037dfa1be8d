"""Rows of the catalogue, and how an offering is fetched with the price that holds now.

Every change takes the lock of the one row of ``catalogue_versions`` first, so changes come one
after another, and processes that keep the catalogue in memory see by its number that it moved.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    ForeignKey,
    Index,
    SmallInteger,
    Text,
    Uuid,
    select,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from services.order.domain.catalogue import CategoryNotFound, Offering, OfferingNotFound
from services.order.storage import Row
from shared.contracts.ids import OfferingId
from shared.kit.session import Transaction


class CategoryRow(Row):
    """A category of the catalogue."""

    __tablename__ = "categories"

    code: Mapped[str] = mapped_column(primary_key=True)
    rank: Mapped[int]
    is_on: Mapped[bool]
    terms: Mapped[dict[str, Any]]  # ``CategoryTerms``.


class OfferingRow(Row):
    """An offering; its price books lie in ``price_versions``."""

    __tablename__ = "offerings"

    id: Mapped[OfferingId] = mapped_column(Uuid, primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    category: Mapped[str] = mapped_column(ForeignKey("categories.code"))
    rank: Mapped[int]
    on_sale: Mapped[bool]
    districts: Mapped[list[str]] = mapped_column(ARRAY(Text))  # Empty: served everywhere.
    terms: Mapped[dict[str, Any]]  # ``OfferingTerms`` without its book.
    tokens: Mapped[list[str]] = mapped_column(ARRAY(Text))  # What a search finds it by.

    __table_args__ = (
        Index("ix_offerings_category_rank_code", "category", "rank", "code"),
        Index("ix_offerings_tokens", "tokens", postgresql_using="gin"),
    )


class PriceVersion(Row):
    """A price book of an offering and when it begins to hold; append-only.

    At any instant the one holds that began last; of two that began together, the later written.
    """

    __tablename__ = "price_versions"

    offering_id: Mapped[OfferingId] = mapped_column(ForeignKey("offerings.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    effective_at: Mapped[datetime]
    book: Mapped[dict[str, Any]]  # ``PriceBook``.
    written_at: Mapped[datetime]
    written_by: Mapped[UUID]
    reason: Mapped[str]

    __table_args__ = (
        CheckConstraint("version >= 1", name="version_from_one"),
        CheckConstraint("effective_at >= written_at", name="not_backdated"),
        Index(
            "ix_price_versions_offering_id_effective_at_version",
            "offering_id",
            text("effective_at DESC"),
            text("version DESC"),
        ),
        Index("ix_price_versions_effective_at", "effective_at"),
    )


class SynonymRow(Row):
    """Words that mean the same to a search, in any of the languages."""

    __tablename__ = "synonyms"

    concept: Mapped[str] = mapped_column(primary_key=True)
    words: Mapped[list[str]] = mapped_column(ARRAY(Text))


class CatalogueChange(Row):
    """Who changed what in the catalogue, and why; append-only."""

    __tablename__ = "catalogue_changes"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[UUID]
    noun: Mapped[str]  # category, offering, synonyms.
    code: Mapped[str]
    reason: Mapped[str]
    before: Mapped[dict[str, Any] | None]  # None: it was made.
    after: Mapped[dict[str, Any]]

    __table_args__ = (
        CheckConstraint("noun IN ('category', 'offering', 'synonyms')", name="noun"),
        Index("ix_catalogue_changes_noun_code_id", "noun", "code", text("id DESC")),
    )


class CatalogueVersion(Row):
    """The one row that counts the catalogue's changes."""

    __tablename__ = "catalogue_versions"

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    version: Mapped[int]

    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)


OFFERING_COLUMNS = """
o.id, o.code, o.on_sale AND c.is_on AS on_sale, o.terms, p.version AS price_version, p.book
"""
# The price that holds now; an offering whose first price has not begun does not exist yet.
OFFERINGS = """
offerings o JOIN categories c ON c.code = o.category
CROSS JOIN LATERAL (
    SELECT v.version, v.book FROM price_versions v
    WHERE v.offering_id = o.id AND v.effective_at <= $1
    ORDER BY v.effective_at DESC, v.version DESC LIMIT 1) p
"""
_ONE = f"SELECT {OFFERING_COLUMNS} FROM {OFFERINGS} WHERE o.id = $2"


def offering_in(row: Any) -> Offering:
    """The offering in a row of ``OFFERING_COLUMNS``."""
    return Offering.model_validate(
        {
            **row["terms"],
            "id": row["id"],
            "code": row["code"],
            "on_sale": row["on_sale"],
            "price_version": row["price_version"],
            "book": row["book"],
        }
    )


async def offering_of(tx: Transaction, offering_id: UUID) -> Offering:
    """An offering with the price that holds now, on sale or not. Raises OfferingNotFound."""
    rows = await tx.run(_ONE, tx.now, offering_id)
    if not rows:
        raise OfferingNotFound(f"No offering {offering_id}.")
    return offering_in(rows[0])


async def offering_row(tx: Transaction, code: str) -> OfferingRow:
    """The row of an offering by its code. Raises OfferingNotFound."""
    row = await known_offering(tx, code)
    if row is None:
        raise OfferingNotFound(f"No offering {code}.")
    return row


async def known_offering(tx: Transaction, code: str) -> OfferingRow | None:
    """The row of an offering by its code, if there is one."""
    return await tx.session.scalar(select(OfferingRow).where(OfferingRow.code == code))


async def category_row(tx: Transaction, code: str) -> CategoryRow:
    """The row of a category. Raises CategoryNotFound."""
    row = await tx.session.get(CategoryRow, code)
    if row is None:
        raise CategoryNotFound(f"No category {code}.")
    return row


async def prices_of(tx: Transaction, offering_id: UUID) -> list[PriceVersion]:
    """Every price book of an offering, the newest version first."""
    query = select(PriceVersion).where(PriceVersion.offering_id == offering_id)
    return list(await tx.session.scalars(query.order_by(PriceVersion.version.desc())))


async def catalogue_for_update(tx: Transaction) -> CatalogueVersion:
    """The catalogue's own row, locked: whoever changes the catalogue is alone in doing so."""
    query = select(CatalogueVersion).with_for_update()
    query = query.execution_options(populate_existing=True)
    return (await tx.session.scalars(query)).one()
