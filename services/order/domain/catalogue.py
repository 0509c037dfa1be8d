"""What can be ordered: categories, offerings, and the price book of each. Pure.

The same shapes serve what staff put, what is stored, and what prices are reckoned from.
"""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StringConstraints,
    model_validator,
)

from services.order.domain.districts import CODES
from services.order.domain.order import BUILT, OrderMove
from services.order.domain.stops import StopKind
from shared.kit.errors import Conflict, Invalid, NotFound
from shared.kit.money import Currency
from shared.locales import Locale
from shared.texts import PRINTABLE

MINOR_MAX = 1_000_000_000  # Ten million dollars; more is a slip of the keyboard.
QUANTITY_MAX = 10_000
MINUTES_MIN, MINUTES_MAX = 10, 24 * 60  # Of one visit.
CREW_MAX, STOPS_MAX, SURCHARGES_MAX, CHECKS_MAX, KEYWORDS_MAX = 8, 4, 30, 60, 40


class CategoryNotFound(NotFound):
    """There is no such category."""


class OfferingNotFound(NotFound):
    """There is no such offering."""


class OfferingOffSale(Conflict):
    """The offering cannot be ordered at present."""


class DistrictNotServed(Invalid):
    """The offering is not served there; ``nearest`` names the closest districts that are."""


class QuantityOutOfRange(Invalid):
    """The offering cannot be ordered in this quantity."""


class ExtraInvalid(Invalid):
    """The offering has no such extra, or not so many of it."""


class BookInvalid(Invalid):
    """The price book breaks a rule; ``field`` and ``reason`` say which."""


class PriceDateInvalid(Invalid):
    """A price cannot begin in the past."""


class Unit(StrEnum):
    """What an offering is counted in."""

    VISIT = "visit"
    HOUR = "hour"
    PERSON_HOUR = "person_hour"
    ITEM = "item"
    POUND = "pound"
    KG = "kg"
    SQUARE_FOOT = "square_foot"
    FLOOR = "floor"
    KM = "km"
    TRUCK = "truck"
    PANEL = "panel"
    DAY = "day"
    PACKAGE = "package"


class Condition(StrEnum):
    """When a surcharge applies, and what it is counted by."""

    ALWAYS = "always"
    CHOSEN = "chosen"  # An extra: as many as the user chose.
    NIGHT = "night"  # The start lies between 23:00 and 07:00 in Hong Kong.
    WEEKEND = "weekend"  # Saturday or Sunday; gives way to a holiday's.
    HOLIDAY = "holiday"  # A general holiday.
    NO_LIFT = "no_lift"  # Each floor that must be climbed.
    REMOTE = "remote"  # A stop in a remote district, or in those that the surcharge names.
    CROSS_HARBOUR = "cross_harbour"  # The way between the stops crosses the harbour.
    DISTANCE = "distance"  # Each kilometre between the stops beyond those included.


class CheckStage(StrEnum):
    """When an item of the checklist is due."""

    BEFORE_START = "before_start"
    DURING = "during"
    BEFORE_COMPLETION = "before_completion"


class CheckKind(StrEnum):
    """How an item of the checklist is answered."""

    PHOTO = "photo"
    NUMBER = "number"
    YES_NO = "yes_no"
    CHOICE = "choice"


def _in_all_languages(words: dict[Locale, str]) -> dict[Locale, str]:
    missing = [locale.value for locale in Locale if locale not in words]
    if missing:
        raise ValueError(f"lacks {', '.join(missing)}")
    return words


def _served(codes: list[str]) -> list[str]:
    if unknown := sorted(set(codes) - CODES):
        raise ValueError(f"not a district: {', '.join(unknown)}")
    return sorted(set(codes))


Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,39}$")]
CodeOrNone = Annotated[str, StringConstraints(pattern=r"^([a-z][a-z0-9_]{1,39})?$")]
_Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=120, pattern=PRINTABLE),
]
_Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=2000, pattern=PRINTABLE),
]
Words = Annotated[dict[Locale, _Name], AfterValidator(_in_all_languages)]
Prose = Annotated[dict[Locale, _Text], AfterValidator(_in_all_languages)]
_District = Annotated[str, StringConstraints(max_length=3)]
Districts = Annotated[list[_District], Field(max_length=18), AfterValidator(_served)]
Minor = Annotated[StrictInt, Field(ge=0, le=MINOR_MAX)]
Count = Annotated[StrictInt, Field(ge=0, le=QUANTITY_MAX)]


class Part(BaseModel):
    """A piece of the catalogue; frozen, and a misspelt field is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def as_json(self) -> dict[str, Any]:
        """As it is stored and sent."""
        return self.model_dump(mode="json")


class CrewPosition(Part):
    """One worker's place in the crew; the first of a visit is the lead."""

    weight: StrictInt = Field(ge=0, le=1000)  # Share of the pay, relative to the others.
    skill: Code
    level: StrictInt = Field(default=1, ge=1, le=5)  # The lowest level that may take it.


class Check(Part):
    """An item of the checklist that the lead answers."""

    stage: CheckStage
    code: Code
    label: Words
    kind: CheckKind
    required: StrictBool = True
    choices: list[_Name] = Field(default_factory=list, max_length=12)


class Surcharge(Part):
    """What is added under a condition: an amount each time, or a share of the work."""

    code: Code
    label: Words
    when: Condition
    amount_minor: Minor = 0  # Each time it counts.
    share_bps: Annotated[StrictInt, Field(ge=0, le=20_000)] = 0  # Of the work's price.
    included: Count = 0  # Kilometres or floors that cost nothing.
    count_max: Annotated[StrictInt, Field(ge=1, le=1000)] = 1000  # No more is counted or chosen.
    districts: Districts = Field(default_factory=list)  # Of REMOTE; empty: all remote ones.
    commissionable: StrictBool = True  # False for what is passed on: tolls, disposal fees.

    @model_validator(mode="after")
    def _has_one_rate(self) -> Self:
        if bool(self.amount_minor) == bool(self.share_bps):
            raise ValueError("needs either amount_minor or share_bps")
        return self


class Reference(Part):
    """What the market asks for the smallest order, so that a price can be judged."""

    floor_minor: Minor
    ceiling_minor: Minor
    source: _Name  # Where the range is from, with its year.


class PriceBook(Part):
    """How an offering is priced: a base that covers some units, then so much a unit."""

    currency: Currency = Currency.HKD
    unit: Unit
    base_minor: Minor = 0
    included: Count = 0  # Units that the base covers.
    per_unit_minor: Minor = 0  # Each unit beyond.
    minimum_minor: Minor = 0  # The work never costs less.
    quantity_min: Annotated[StrictInt, Field(ge=1, le=QUANTITY_MAX)] = 1
    quantity_max: Annotated[StrictInt, Field(ge=1, le=QUANTITY_MAX)] = 1
    quantity_step: Annotated[StrictInt, Field(ge=1, le=QUANTITY_MAX)] = 1
    reference: Reference
    surcharges: list[Surcharge] = Field(default_factory=list, max_length=SURCHARGES_MAX)

    def work_minor(self, quantity: int) -> int:
        """What the work costs in this quantity, before surcharges."""
        beyond = max(0, quantity - self.included)
        return max(self.minimum_minor, self.base_minor + beyond * self.per_unit_minor)


class OfferingLayout(Part):
    """What an offering is and how its job is laid out: all but the price."""

    category: Code
    name: Words
    description: Prose
    keywords: list[_Name] = Field(default_factory=list, max_length=KEYWORDS_MAX)
    rank: Count = 0  # Lower comes first in its category.
    on_sale: StrictBool = True
    demo: StrictBool = False  # Sample data; shown so.
    districts: Districts = Field(default_factory=list)  # Where it is served; empty: everywhere.
    by_quotation: StrictBool = False  # The book prices the visit; the work is quoted on site.
    rescue: StrictBool = False  # Begins at once, unless a start is asked for.
    equipment: CodeOrNone = ""  # Class of vehicle or tool each worker must bring.
    stops: list[StopKind] = Field(min_length=1, max_length=STOPS_MAX)  # In the order gone to.
    positions: list[CrewPosition] = Field(min_length=1, max_length=CREW_MAX)
    duration_minutes: StrictInt = Field(default=0, ge=0, le=1440)  # With the base's units.
    minutes_per_unit: StrictInt = Field(default=0, ge=0, le=1440)  # Each unit beyond.
    auto_accept_hours: StrictInt = Field(default=48, ge=1, le=720)
    checklist: list[Check] = Field(default_factory=list, max_length=CHECKS_MAX)

    def is_served_in(self, district: str) -> bool:
        """Whether the offering can be ordered for a place in this district."""
        return not self.districts or district in self.districts

    def lasts(self, quantity: int, included: int) -> timedelta:
        """How long the visit takes in this quantity, by a book that includes so many units."""
        beyond = max(0, quantity - included)
        return timedelta(minutes=self.duration_minutes + beyond * self.minutes_per_unit)


class OfferingTerms(OfferingLayout):
    """An offering as staff put it."""

    book: PriceBook

    def duration_of(self, quantity: int) -> timedelta:
        """How long the visit takes in this quantity."""
        return self.lasts(quantity, self.book.included)


class Offering(OfferingTerms):
    """An offering with the price book that holds at one instant."""

    id: UUID
    code: Code
    price_version: int  # Raised by every change of the price book.


class CategoryTerms(Part):
    """A category as staff put it."""

    name: Words
    description: Prose
    rank: Count = 0  # Lower comes first.
    on: StrictBool = True  # Off: neither shown nor ordered from.
    demo: StrictBool = False  # Sample data; shown so.


def check_terms(terms: OfferingTerms) -> None:
    """The rules that hold between the parts of an offering. Raises BookInvalid."""
    book = terms.book
    if terms.by_quotation and terms.on_sale and OrderMove.BEGIN_DIAGNOSIS not in BUILT:
        reason = "quotations are not offered yet: their jobs could not go on after the arrival"
        raise BookInvalid(field="by_quotation", reason=reason)
    if sum(position.weight for position in terms.positions) == 0:
        raise BookInvalid(field="positions", reason="nobody would be paid: all weights are 0")
    for field, rows in (("surcharges", book.surcharges), ("checklist", terms.checklist)):
        codes = [row.code for row in rows]
        if len(set(codes)) != len(codes):
            raise BookInvalid(field=field, reason="a code is used twice")
    if book.quantity_max < book.quantity_min:
        raise BookInvalid(field="book.quantity_max", reason="is below quantity_min")
    _check_choices(terms.checklist)
    check_durations(terms, book, "this book")
    floor, ceiling = book.reference.floor_minor, book.reference.ceiling_minor
    if not floor <= book.work_minor(book.quantity_min) <= ceiling:
        reason = f"the smallest order must cost from {floor} to {ceiling}, the market's range"
        raise BookInvalid(field="book.base_minor", reason=reason)


def check_durations(layout: OfferingLayout, book: PriceBook, which: str) -> None:
    """Whether a visit has a length in every quantity of a price book. Raises BookInvalid."""
    ends = (book.quantity_min, book.quantity_max)
    shortest, longest = (layout.lasts(quantity, book.included) for quantity in ends)
    if not timedelta(minutes=MINUTES_MIN) <= shortest <= longest <= timedelta(minutes=MINUTES_MAX):
        span = f"from {MINUTES_MIN} to {MINUTES_MAX} minutes"
        reason = f"a visit takes {span} in every quantity of {which}"
        raise BookInvalid(field="duration_minutes", reason=reason)


def _check_choices(checklist: list[Check]) -> None:
    """A choice is made among some, and nothing else is. Raises BookInvalid."""
    for item in checklist:
        if (item.kind is CheckKind.CHOICE) != bool(item.choices):
            reason = f"{item.code}: a choice names what to choose from, and nothing else does"
            raise BookInvalid(field="checklist", reason=reason)
