"""How the catalogue is shown, in the language of its reader."""

from typing import Self
from uuid import UUID

from pydantic import BaseModel

from services.order.domain.catalogue import (
    CheckKind,
    CheckStage,
    Condition,
    Offering,
    Surcharge,
    Unit,
)
from services.order.domain.shown import CategoryShown, price_from, price_to
from services.order.domain.stops import StopKind
from shared.kit.money import Money
from shared.locales import Locale


class CategoryView(BaseModel):
    """A category; `price_to` is the highest reference price, not the highest possible one."""

    code: str
    name: str
    description: str
    offerings: int
    price_from: Money | None
    price_to: Money | None
    demo: bool  # Sample data, not an offer of a real company.

    @classmethod
    def of(cls, category: CategoryShown, locale: Locale) -> Self:
        return cls(
            code=category.code,
            name=category.terms.name[locale],
            description=category.terms.description[locale],
            offerings=category.offerings,
            price_from=category.price_from,
            price_to=category.price_to,
            demo=category.terms.demo,
        )


class CategoryList(BaseModel):
    """Every category that is on, in the order to show them."""

    locale: Locale
    categories: list[CategoryView]


class PriceView(BaseModel):
    """What the smallest order costs before surcharges, and how the price grows from there.

    `reference_to` and `reference_from` are the market's range for the smallest order; where they
    come from stands in `reference_source`.
    """

    version: int
    price_from: Money
    unit: Unit
    base: Money
    included: int  # Units that the base covers.
    per_unit: Money
    minimum: Money
    quantity_min: int
    quantity_max: int
    quantity_step: int
    reference_from: Money
    reference_to: Money
    reference_source: str

    @classmethod
    def of(cls, offering: Offering) -> Self:
        book = offering.book
        currency = book.currency
        return cls(
            version=offering.price_version,
            price_from=price_from(offering),
            unit=book.unit,
            base=Money(book.base_minor, currency),
            included=book.included,
            per_unit=Money(book.per_unit_minor, currency),
            minimum=Money(book.minimum_minor, currency),
            quantity_min=book.quantity_min,
            quantity_max=book.quantity_max,
            quantity_step=book.quantity_step,
            reference_from=Money(book.reference.floor_minor, currency),
            reference_to=price_to(offering),
            reference_source=book.reference.source,
        )


class OfferingView(BaseModel):
    """An offering as a list shows it."""

    id: UUID
    code: str
    category: str
    name: str
    description: str
    price: PriceView
    rescue: bool  # May begin at once.
    duration_minutes: int  # Of the smallest order.
    crew: int  # Workers who come.
    stops: list[StopKind]  # The places that a price quote asks for, in this order.
    districts: list[str]  # Where it is served; empty: everywhere.
    on_sale: bool
    demo: bool  # Sample data, not an offer of a real company.


def offering_view(offering: Offering, locale: Locale) -> OfferingView:
    """The offering in one language."""
    return OfferingView(**_summary(offering, locale))


def _summary(offering: Offering, locale: Locale) -> dict[str, object]:
    shortest = offering.duration_of(offering.book.quantity_min)
    return {
        "id": offering.id,
        "code": offering.code,
        "category": offering.category,
        "name": offering.name[locale],
        "description": offering.description[locale],
        "price": PriceView.of(offering),
        "rescue": offering.rescue,
        "duration_minutes": int(shortest.total_seconds() // 60),
        "crew": len(offering.positions),
        "stops": offering.stops,
        "districts": offering.districts,
        "on_sale": offering.on_sale,
        "demo": offering.demo,
    }


class OfferingPage(BaseModel):
    """Offerings that can be ordered; `next_cursor` leads to those that follow."""

    locale: Locale
    items: list[OfferingView]
    next_cursor: str | None


class SurchargeView(BaseModel):
    """What is added under a condition: `amount` each time, or `share_bps` of the work's price."""

    code: str
    name: str
    when: Condition
    amount: Money | None
    share_bps: int | None
    included: int
    count_max: int
    districts: list[str]
    passed_on: bool  # Goes to a third party as it is: tolls, disposal fees.

    @classmethod
    def of(cls, row: Surcharge, offering: Offering, locale: Locale) -> Self:
        amount = Money(row.amount_minor, offering.book.currency)
        return cls(
            code=row.code,
            name=row.label[locale],
            when=row.when,
            amount=amount or None,
            share_bps=row.share_bps or None,
            included=row.included,
            count_max=row.count_max,
            districts=row.districts,
            passed_on=not row.commissionable,
        )


class CheckView(BaseModel):
    """What the worker records, and when."""

    stage: CheckStage
    code: str
    name: str
    kind: CheckKind
    required: bool


class OfferingDetail(OfferingView):
    """An offering with every surcharge there is, shown before anything is paid."""

    locale: Locale
    extras: list[SurchargeView]  # What can be chosen in a price quote, by code.
    surcharges: list[SurchargeView]  # What applies by time and place.
    checklist: list[CheckView]
    equipment: str  # Class of vehicle or tool; empty: none.
    auto_accept_hours: int


def offering_detail(offering: Offering, locale: Locale) -> OfferingDetail:
    """The whole offering in one language."""
    rows = offering.book.surcharges
    views = [SurchargeView.of(row, offering, locale) for row in rows]
    return OfferingDetail(
        **_summary(offering, locale),
        locale=locale,
        extras=[view for view in views if view.when is Condition.CHOSEN],
        surcharges=[view for view in views if view.when is not Condition.CHOSEN],
        checklist=[
            CheckView(
                stage=check.stage,
                code=check.code,
                name=check.label[locale],
                kind=check.kind,
                required=check.required,
            )
            for check in offering.checklist
        ],
        equipment=offering.equipment,
        auto_accept_hours=offering.auto_accept_hours,
    )
