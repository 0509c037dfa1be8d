"""The catalogue as it is shown before an offering is chosen. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.order.domain.catalogue import CategoryTerms, Offering
from shared.kit.money import Money


@dataclass(frozen=True, slots=True)
class CategoryShown:
    """A category with what its offerings cost, from the cheapest smallest order on."""

    code: str
    terms: CategoryTerms
    offerings: int
    price_from: Money | None
    price_to: Money | None  # The dearest reference price; None without offerings.


def price_from(offering: Offering) -> Money:
    """What the smallest order of an offering costs, before surcharges."""
    book = offering.book
    return Money(book.work_minor(book.quantity_min), book.currency)


def price_to(offering: Offering) -> Money:
    """The highest reference price of an offering."""
    return Money(offering.book.reference.ceiling_minor, offering.book.currency)


def category_shown(code: str, terms: CategoryTerms, offerings: Sequence[Offering]) -> CategoryShown:
    """A category with the range of its offerings' prices."""
    least = [price_from(offering) for offering in offerings]
    most = [price_to(offering) for offering in offerings]
    return CategoryShown(
        code=code,
        terms=terms,
        offerings=len(offerings),
        price_from=min(least, default=None),
        price_to=max(most, default=None),
    )
