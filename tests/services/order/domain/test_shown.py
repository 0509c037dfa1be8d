"""What a category says about its prices."""

from services.order.domain.catalogue import CategoryTerms, Offering
from services.order.domain.shown import category_shown
from shared.kit.ids import new_id
from shared.kit.money import Currency, Money
from tests.services.order.stock import demo_offering

WORDS = {"zh-HK": "清潔", "zh-CN": "清洁", "en": "Cleaning"}
TERMS = CategoryTerms.model_validate({"name": WORDS, "description": WORDS})


def offering(code: str) -> Offering:
    body = {**demo_offering(code), "id": new_id(), "code": code, "price_version": 1}
    del body["reason"]
    return Offering.model_validate(body)


def test_a_category_ranges_from_its_cheapest_order_to_its_dearest_reference() -> None:
    shown = category_shown(
        "cleaning", TERMS, [offering("hourly_cleaning"), offering("crew_deep_cleaning")]
    )
    assert shown.offerings == 2
    assert shown.price_from == Money(39_000, Currency.HKD)  # Three hours at $130.
    assert shown.price_to == Money(160_000, Currency.HKD)


def test_an_empty_category_names_no_price() -> None:
    shown = category_shown("cleaning", TERMS, [])
    assert (shown.offerings, shown.price_from, shown.price_to) == (0, None, None)
