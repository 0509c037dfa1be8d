"""What staff may put into the catalogue."""

from typing import Any

import pytest
from pydantic import ValidationError

from services.order.domain.catalogue import BookInvalid, OfferingTerms, check_terms
from tests.services.order.stock import demo_offering

DEMO = demo_offering("single_cleaning")
CHECK = {"stage": "during", "code": "floor", "label": DEMO["name"]}


def terms_with(book: dict[str, Any] | None = None, **also: Any) -> OfferingTerms:
    body = demo_offering("single_cleaning")
    del body["reason"]
    return OfferingTerms.model_validate({**body, **also, "book": {**body["book"], **(book or {})}})


def test_the_work_is_its_base_and_the_units_beyond_but_never_below_the_minimum() -> None:
    book = terms_with({"base_minor": 39_500, "included": 3, "per_unit_minor": 11_500}).book
    assert [book.work_minor(hours) for hours in (3, 4, 5)] == [39_500, 51_000, 62_500]
    assert book.model_copy(update={"minimum_minor": 45_000}).work_minor(3) == 45_000


def test_a_visit_takes_longer_by_each_unit_beyond_the_base() -> None:
    terms = terms_with()
    assert [terms.duration_of(hours).total_seconds() / 3600 for hours in (3, 5)] == [3, 5]


def test_no_districts_means_everywhere() -> None:
    assert terms_with().is_served_in("IS")
    assert not terms_with(districts=["ST", "TP"]).is_served_in("IS")


def test_what_is_quoted_on_site_may_be_put_off_sale() -> None:
    check_terms(terms_with(by_quotation=True, on_sale=False))


def test_a_choice_names_what_to_choose_from() -> None:
    check_terms(terms_with(checklist=[{**CHECK, "kind": "choice", "choices": ["dry", "wet"]}]))


@pytest.mark.parametrize(
    ("field", "book", "also"),
    [
        ("book.base_minor", {"base_minor": 1_000}, {}),
        ("book.base_minor", {"base_minor": 900_000}, {}),
        ("book.quantity_max", {"quantity_max": 2}, {}),
        ("positions", {}, {"positions": [{"weight": 0, "skill": "cleaning"}]}),
        ("by_quotation", {}, {"by_quotation": True}),
        ("duration_minutes", {}, {"duration_minutes": 0}),
        ("duration_minutes", {}, {"minutes_per_unit": 1440}),
        ("surcharges", {"surcharges": 2 * DEMO["book"]["surcharges"][:1]}, {}),
        ("checklist", {}, {"checklist": 2 * DEMO["checklist"][:1]}),
        ("checklist", {}, {"checklist": [{**CHECK, "kind": "choice"}]}),
        ("checklist", {}, {"checklist": [{**CHECK, "kind": "number", "choices": ["one"]}]}),
    ],
)
def test_a_book_that_breaks_a_rule_is_refused_by_field(
    field: str, book: dict[str, Any], also: dict[str, Any]
) -> None:
    with pytest.raises(BookInvalid) as refused:
        check_terms(terms_with(book, **also))
    assert refused.value.facts["field"] == field


@pytest.mark.parametrize(
    "also",
    [
        {"name": {"zh-HK": "清潔", "en": "Cleaning"}},
        {"districts": ["XX"]},
        {"positions": []},
        {"stops": ["nowhere"]},
        {"rank": 1.5},
        {"on_sale": "yes"},
        {"colour": "red"},
        {"equipment": "Flat Bed"},
    ],
)
def test_what_is_misspelt_or_missing_is_refused(also: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        terms_with(**also)


@pytest.mark.parametrize("rate", [{}, {"amount_minor": 100, "share_bps": 100}])
def test_a_surcharge_has_one_rate(rate: dict[str, int]) -> None:
    words = {"zh-HK": "夜間", "zh-CN": "夜间", "en": "Night"}
    with pytest.raises(ValidationError):
        terms_with({"surcharges": [{"code": "night", "label": words, "when": "night", **rate}]})
