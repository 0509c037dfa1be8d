"""What an order costs, line by line."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.demo.load import offerings
from services.order.domain.catalogue import (
    Condition,
    DistrictNotServed,
    ExtraInvalid,
    Offering,
    OfferingOffSale,
    QuantityOutOfRange,
    Unit,
)
from services.order.domain.deadlines import HONG_KONG
from services.order.domain.districts import CODES, DISTRICTS
from services.order.domain.pricing import Ask, Price, floors_to_climb, is_holiday, price_of, road_km
from services.order.domain.stops import Lines, Place
from shared.kit.ids import new_id
from shared.kit.money import Currency, Money
from tests.services.order.stock import demo_offering

WORDS = {"zh-HK": "甲", "zh-CN": "甲", "en": "A"}
TUESDAY = datetime(2026, 11, 24, 10, tzinfo=HONG_KONG)  # Neither night, weekend nor holiday.


def at(district: str, steps: int = 0) -> Place:
    there = DISTRICTS[district]
    return Place(there.lat, there.lng, district, Lines(), steps=steps)


def offering(code: str, **also: Any) -> Offering:
    body = {**demo_offering(code), "id": new_id(), "code": code, "price_version": 3, **also}
    del body["reason"]
    return Offering.model_validate(body)


def priced(
    code: str,
    *stops: Place,
    quantity: int = 1,
    starts_at: datetime = TUESDAY,
    **extras: int,
) -> Price:
    return price_of(offering(code), Ask(quantity, starts_at, stops, extras))


def amounts(price: Price) -> dict[str, int]:
    return {line.code: line.amount.minor for line in price.lines}


def test_a_tow_within_ten_kilometres_is_its_base() -> None:
    price = priced("tow_private_car", at("YT"), at("SS"))
    assert amounts(price) == {"base": 75_000}
    assert price.version == 3


def test_a_long_tow_across_the_harbour_at_night_shows_each_surcharge() -> None:
    stops = at("CW"), at("YL")
    price = priced("tow_private_car", *stops, starts_at=TUESDAY.replace(hour=2))
    beyond = road_km(stops) - 10
    assert beyond > 10
    assert amounts(price) == {
        "base": 75_000,
        "distance": beyond * 2_500,
        "night": 15_000,
        "cross_harbour": 20_000,
        "tunnel_toll": 6_000,
    }
    assert price.total - price.commissionable == Money(6_000, Currency.HKD)


def test_units_beyond_the_base_and_a_minimum_are_lines_of_their_own() -> None:
    assert amounts(priced("crew_deep_cleaning", at("ST"), quantity=6)) == {
        "base": 117_000,
        "units": 58_000,
    }
    assert amounts(priced("shirt_laundry", at("ST"), quantity=5)) == {
        "units": 19_000,
        "minimum": 1_000,
    }


def test_floors_without_a_lift_and_remote_districts_cost_more() -> None:
    price = priced("window_ac_cleaning", at("IS", steps=57), quantity=2)
    assert amounts(price) == {"units": 110_000, "remote": 10_000, "no_lift": 15_000}


@pytest.mark.parametrize(
    ("steps", "floors"), [(0, 0), (4, 0), (5, 1), (19, 1), (20, 2), (38, 2), (39, 3)]
)
def test_a_floor_is_five_to_nineteen_steps(steps: int, floors: int) -> None:
    assert floors_to_climb(steps) == floors


@pytest.mark.parametrize(
    ("hour", "minute", "is_night"),
    [(22, 59, False), (23, 0, True), (0, 0, True), (6, 59, True), (7, 0, False), (12, 0, False)],
)
def test_night_is_from_23_to_7_on_the_wall_clock_of_hong_kong(
    hour: int, minute: int, is_night: bool
) -> None:
    start = TUESDAY.replace(hour=hour, minute=minute).astimezone(UTC)
    assert ("night" in amounts(priced("jump_start", at("ST"), starts_at=start))) is is_night


@pytest.mark.parametrize(
    ("day", "codes"),
    [
        (date(2026, 11, 24), set()),
        (date(2026, 11, 28), {"weekend"}),
        (date(2026, 11, 29), {"weekend"}),
        (date(2026, 12, 25), {"holiday"}),
        (date(2026, 12, 26), {"holiday"}),  # A Saturday too: only one of the two is charged.
        (date(2026, 4, 3), {"holiday"}),
    ],
)
def test_weekends_and_holidays_add_one_share_of_the_work(day: date, codes: set[str]) -> None:
    start = datetime(day.year, day.month, day.day, 10, tzinfo=HONG_KONG)
    price = priced("crew_deep_cleaning", at("ST"), quantity=4, starts_at=start)
    assert set(amounts(price)) - {"base"} == codes
    assert amounts(price).get("weekend", 11_700) == 11_700


GENERAL_HOLIDAYS = {
    2026: "0101 0217 0218 0219 0403 0404 0406 0407 0501 0525 0619 0701 0926 1001 1019 1225 1226",
    2027: "0101 0206 0208 0209 0326 0327 0329 0405 0501 0513 0609 0701 0916 1001 1008 1225 1227",
}


@pytest.mark.parametrize("year", GENERAL_HOLIDAYS)
def test_the_general_holidays_are_those_of_the_gazette(year: int) -> None:
    start = datetime(year, 1, 1, 10, tzinfo=HONG_KONG)
    days = [start + timedelta(days=n) for n in range(365)]
    found = [f"{day:%m%d}" for day in days if is_holiday(day)]
    assert found == GENERAL_HOLIDAYS[year].split()


def test_extras_are_counted_as_chosen_and_fuel_is_passed_on() -> None:
    price = priced("fuel_delivery", at("ST"), petrol_5_l=2)
    assert amounts(price) == {"base": 40_000, "petrol_5_l": 26_000}
    assert price.commissionable == Money(40_000, Currency.HKD)


@pytest.mark.parametrize(("extra", "count"), [("piano", 1), ("petrol_5_l", 5), ("petrol_5_l", -1)])
def test_an_unknown_extra_or_too_many_are_refused(extra: str, count: int) -> None:
    with pytest.raises(ExtraInvalid) as refused:
        price_of(offering("fuel_delivery"), Ask(1, TUESDAY, [at("ST")], {extra: count}))
    assert refused.value.facts["field"] == f"options.extras.{extra}"


@pytest.mark.parametrize("quantity", [-1, 0, 299, 320, 1050, 10**12])
def test_a_quantity_outside_the_range_or_the_steps_is_refused(quantity: int) -> None:
    with pytest.raises(QuantityOutOfRange) as refused:
        priced("renovation_cleaning", at("ST"), quantity=quantity)
    assert refused.value.facts["field"] == "options.quantity"
    assert refused.value.facts["reason"]


def test_a_district_that_is_not_served_names_the_nearest_that_are() -> None:
    with pytest.raises(DistrictNotServed) as refused:
        priced("septic_emptying", at("KT"))
    assert refused.value.facts["field"] == "stops.0.district"
    assert refused.value.facts["nearest"][0] == "SK"
    assert len(refused.value.facts["nearest"]) == 3


def test_what_is_off_sale_has_no_price() -> None:
    with pytest.raises(OfferingOffSale):
        priced("public_flat_basic", at("ST"), quantity=200)


def test_every_offering_on_sale_has_a_price_for_its_smallest_order() -> None:
    for put in offerings():
        code = put.path.rpartition("/")[2]
        one = offering(code)
        if not one.on_sale:
            continue
        stops = [at((one.districts or ["ST"])[0]) for _ in one.stops]
        price = price_of(one, Ask(one.book.quantity_min, TUESDAY, stops))
        assert price.total.minor >= one.book.reference.floor_minor


counts = st.integers(min_value=0, max_value=500)
surcharges = st.lists(
    st.builds(
        lambda when, rate, included, passed_on: {
            "label": WORDS,
            "when": when,
            "included": included,
            "commissionable": not passed_on,
            **rate,
        },
        st.sampled_from(Condition),
        st.one_of(
            st.builds(lambda n: {"amount_minor": n}, st.integers(1, 500_000)),
            st.builds(lambda n: {"share_bps": n}, st.integers(1, 20_000)),
        ),
        st.integers(0, 30),
        st.booleans(),
    ),
    max_size=8,
)
books = st.builds(
    lambda unit, base, included, per_unit, minimum, rows: {
        "unit": unit,
        "base_minor": base,
        "included": included,
        "per_unit_minor": per_unit,
        "minimum_minor": minimum,
        "quantity_max": 500,
        "reference": {"floor_minor": 0, "ceiling_minor": 1, "source": "test"},
        "surcharges": [{**row, "code": f"row_{n}"} for n, row in enumerate(rows)],
    },
    st.sampled_from(Unit),
    st.integers(0, 10_000_000),
    counts,
    st.integers(0, 1_000_000),
    st.integers(0, 10_000_000),
    surcharges,
)
places = st.lists(
    st.builds(at, st.sampled_from(sorted(CODES)), st.integers(0, 2_000)), min_size=1, max_size=4
)
instants = st.integers(0, 2 * 365 * 24 * 60).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)


@settings(deadline=None)
@given(books, st.integers(1, 500), instants, places, st.integers(0, 1000))
def test_lines_add_up_are_never_negative_and_always_the_same(
    book: dict[str, Any], quantity: int, start: datetime, stops: Sequence[Place], chosen: int
) -> None:
    one = offering("single_cleaning", book=book)
    rows = one.book.surcharges
    extras = {row.code: chosen for row in rows if row.when is Condition.CHOSEN}
    ask = Ask(quantity, start, stops, extras)
    price = price_of(one, ask)
    assert price.total.minor == sum(line.amount.minor for line in price.lines)
    assert all(line.amount.minor >= 0 for line in price.lines)
    assert all(line.unit_price * line.quantity == line.amount for line in price.lines)
    assert price.total >= Money(one.book.work_minor(quantity), Currency.HKD)
    passed_on = [line.amount for line in price.lines if not line.commissionable]
    assert price.commissionable == price.total - sum(passed_on, Money.zero(Currency.HKD))
    assert price_of(one, ask) == price
