"""An offering as readers of each language see it."""

import pytest

from services.order.api.catalogue_views import offering_detail, offering_view
from services.order.domain.catalogue import Condition, Offering
from shared.kit.ids import new_id
from shared.kit.money import Currency, Money
from shared.locales import Locale
from tests.services.order.stock import demo_offering


def offering(code: str) -> Offering:
    body = {**demo_offering(code), "id": new_id(), "code": code, "price_version": 2}
    del body["reason"]
    return Offering.model_validate(body)


@pytest.mark.parametrize(
    ("locale", "name"),
    [
        (Locale.ZH_HK, "鐘點家務清潔"),
        (Locale.ZH_CN, "钟点家务清洁"),
        (Locale.EN, "Hourly cleaning"),
    ],
)
def test_names_are_in_the_language_of_the_reader(locale: Locale, name: str) -> None:
    view = offering_view(offering("hourly_cleaning"), locale)
    assert view.name == name
    assert view.demo
    assert view.price.price_from == Money(39_000, Currency.HKD)
    assert (view.price.version, view.duration_minutes, view.crew) == (2, 180, 1)


def test_the_detail_tells_extras_from_what_time_and_place_add() -> None:
    detail = offering_detail(offering("fuel_delivery"), Locale.EN)
    [fuel] = detail.extras
    assert (fuel.code, fuel.passed_on, fuel.amount) == (
        "petrol_5_l",
        True,
        Money(13_000, Currency.HKD),
    )
    assert {row.when for row in detail.surcharges} == {Condition.NIGHT, Condition.REMOTE}
    assert detail.checklist[-1].code == "photos_after"
