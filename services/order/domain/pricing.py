"""What an order of an offering costs, line by line, before anything is paid. Pure.

The same offering and the same ask always give the same price.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import pairwise
from math import ceil

from holidays import country_holidays
from pydantic import BaseModel, ConfigDict

from services.order.domain.catalogue import (
    Condition,
    DistrictNotServed,
    ExtraInvalid,
    Offering,
    OfferingOffSale,
    PriceBook,
    QuantityOutOfRange,
    Surcharge,
)
from services.order.domain.deadlines import HONG_KONG
from services.order.domain.districts import (
    DISTRICTS,
    is_across_harbour,
    nearest_of,
    straight_km,
)
from services.order.domain.stops import Place
from shared.kit.money import Money
from shared.locales import Locale

NIGHT_FROM_HOUR, NIGHT_TO_HOUR = 23, 7
STEPS_A_FLOOR_MIN, STEPS_A_FLOOR = 5, 19  # Up to four steps are nothing; a floor has up to 19.
ROAD_FACTOR = 1.4  # Roads here are about this much longer than the crow flies.
NEAREST_MAX = 3

_MINIMUM = {
    Locale.ZH_HK: "最低收費補差",
    Locale.ZH_CN: "最低收费补差",
    Locale.EN: "Minimum charge",
}
_UNITS = {
    Locale.ZH_HK: "超出基本的數量",
    Locale.ZH_CN: "超出基本的数量",
    Locale.EN: "Beyond what the base covers",
}


@dataclass(frozen=True, slots=True)
class Ask:
    """What a user wants priced."""

    quantity: int
    starts_at: datetime
    stops: Sequence[Place]
    extras: Mapping[str, int] = field(default_factory=dict)  # How many of each, by code.


class PriceLine(BaseModel):
    """One line of a price as it is shown: quantity times unit price is the amount."""

    model_config = ConfigDict(frozen=True)

    code: str
    label: dict[Locale, str]
    quantity: int
    unit: str
    unit_price: Money
    amount: Money
    commissionable: bool  # False for what is passed on: tolls, disposal fees.


@dataclass(frozen=True, slots=True)
class Price:
    """An itemised price, by the price book of one version."""

    lines: Sequence[PriceLine]
    total: Money
    commissionable: Money
    version: int


def price_of(offering: Offering, ask: Ask) -> Price:
    """The price of an ask, with every surcharge that applies.

    Raises OfferingOffSale, DistrictNotServed, QuantityOutOfRange, ExtraInvalid.
    """
    check_ask(offering, ask)
    book = offering.book
    lines = [*_work_lines(offering, ask.quantity), *_surcharge_lines(book, ask)]
    zero = Money.zero(book.currency)
    return Price(
        lines=lines,
        total=sum((line.amount for line in lines), zero),
        commissionable=sum((line.amount for line in lines if line.commissionable), zero),
        version=offering.price_version,
    )


def check_ask(offering: Offering, ask: Ask) -> None:
    """Whether the offering can be ordered like this.

    Raises OfferingOffSale, DistrictNotServed, QuantityOutOfRange, ExtraInvalid.
    """
    if not offering.on_sale:
        raise OfferingOffSale(f"{offering.code} is not on sale.")
    for place, stop in enumerate(ask.stops):
        if not offering.is_served_in(stop.district):
            raise DistrictNotServed(
                f"{offering.code} is not served in {stop.district}.",
                field=f"stops.{place}.district",
                reason=f"not served in {stop.district}",
                nearest=nearest_of(stop.lat, stop.lng, offering.districts)[:NEAREST_MAX],
            )
    _check_quantity(offering.book, ask.quantity)
    _check_extras(offering.book, ask.extras)


def _check_quantity(book: PriceBook, quantity: int) -> None:
    least, most, step = book.quantity_min, book.quantity_max, book.quantity_step
    if not least <= quantity <= most:
        reason = f"must be from {least} to {most} ({book.unit})"
        raise QuantityOutOfRange(field="options.quantity", reason=reason)
    if (quantity - least) % step:
        reason = f"must be {least} and then in steps of {step} ({book.unit})"
        raise QuantityOutOfRange(field="options.quantity", reason=reason)


def _check_extras(book: PriceBook, extras: Mapping[str, int]) -> None:
    offered = {row.code: row for row in book.surcharges if row.when is Condition.CHOSEN}
    for code, count in extras.items():
        if code not in offered:
            raise ExtraInvalid(field=f"options.extras.{code}", reason="there is no such extra")
        if not 0 <= count <= offered[code].count_max:
            reason = f"must be from 0 to {offered[code].count_max}"
            raise ExtraInvalid(field=f"options.extras.{code}", reason=reason)


def _work_lines(offering: Offering, quantity: int) -> Iterator[PriceLine]:
    """The work itself: its base, the units beyond, and what is missing to the minimum."""
    book = offering.book
    if book.base_minor:
        yield _line(book, "base", offering.name, 1, "visit", book.base_minor)
    beyond = max(0, quantity - book.included)
    if beyond and book.per_unit_minor:
        label = _UNITS if book.base_minor else offering.name
        yield _line(book, "units", label, beyond, book.unit, book.per_unit_minor)
    missing = book.work_minor(quantity) - book.base_minor - beyond * book.per_unit_minor
    if missing:
        yield _line(book, "minimum", _MINIMUM, 1, "visit", missing)


def _surcharge_lines(book: PriceBook, ask: Ask) -> Iterator[PriceLine]:
    work = Money(book.work_minor(ask.quantity), book.currency)
    counts = [(row, min(_count(row, ask), row.count_max)) for row in book.surcharges]
    has_holiday = any(row.when is Condition.HOLIDAY and count for row, count in counts)
    for row, count in counts:
        if count <= 0 or (row.when is Condition.WEEKEND and has_holiday):
            continue
        each = row.amount_minor or work.share(row.share_bps).minor
        unit = _COUNTED_IN.get(row.when, "time")
        yield _line(book, row.code, row.label, count, unit, each, passed_on=not row.commissionable)


_COUNTED_IN = {Condition.NO_LIFT: "floor", Condition.DISTANCE: "km", Condition.CHOSEN: "item"}


def _line(
    book: PriceBook,
    code: str,
    label: Mapping[Locale, str],
    quantity: int,
    unit: str,
    each_minor: int,
    *,
    passed_on: bool = False,
) -> PriceLine:
    each = Money(each_minor, book.currency)
    return PriceLine(
        code=code,
        label=dict(label),
        quantity=quantity,
        unit=unit,
        unit_price=each,
        amount=each * quantity,
        commissionable=not passed_on,
    )


def _count(row: Surcharge, ask: Ask) -> int:
    """How many times a surcharge applies to an ask."""
    start = ask.starts_at.astimezone(HONG_KONG)
    districts = {stop.district for stop in ask.stops}
    match row.when:
        case Condition.ALWAYS:
            return 1
        case Condition.CHOSEN:
            return ask.extras.get(row.code, 0)
        case Condition.NIGHT:
            return int(start.hour >= NIGHT_FROM_HOUR or start.hour < NIGHT_TO_HOUR)
        case Condition.WEEKEND:
            return int(start.weekday() >= 5)
        case Condition.HOLIDAY:
            return int(is_holiday(start))
        case Condition.NO_LIFT:
            return max(0, sum(floors_to_climb(stop.steps) for stop in ask.stops) - row.included)
        case Condition.REMOTE:
            far = row.districts or [code for code in districts if DISTRICTS[code].remote]
            return int(bool(districts.intersection(far)))
        case Condition.CROSS_HARBOUR:
            return int(is_across_harbour(districts))
        case Condition.DISTANCE:
            return max(0, road_km(ask.stops) - row.included)


def floors_to_climb(steps: int) -> int:
    """How many floors these steps are as movers count them."""
    return 0 if steps < STEPS_A_FLOOR_MIN else ceil(steps / STEPS_A_FLOOR)


def road_km(stops: Sequence[Place]) -> int:
    """The way through the stops in whole kilometres of road, rounded up, as far as known ahead."""
    straight = sum(
        straight_km(here.lat, here.lng, there.lat, there.lng) for here, there in pairwise(stops)
    )
    return ceil(round(straight * ROAD_FACTOR, 3))


def is_holiday(start: datetime) -> bool:
    """Whether a Hong Kong wall-clock instant falls on a general holiday (Sundays apart)."""
    return start.weekday() != 6 and start.date() in _holidays_of(start.year)


@lru_cache(maxsize=8)
def _holidays_of(year: int) -> frozenset[object]:
    # Good Friday and the day after are "optional" to the library, though they are general holidays.
    return frozenset(country_holidays("HK", years=year, categories=("public", "optional")))


_holidays_of(2026)  # The library's first year takes long to load: at start, not under a price.
