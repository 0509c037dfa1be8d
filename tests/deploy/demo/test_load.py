"""The demo data: whole, priced within the market's ranges, and loaded as staff load it."""

from deploy.demo.load import catalogue, categories, load, offerings, rounds
from services.order.domain.catalogue import CategoryTerms, OfferingTerms, check_terms
from shared.kit.caller import Role
from shared.kit.ids import new_id
from tests.conftest import ServiceFixture
from tests.support.service import as_json


def test_there_are_ten_categories_with_four_offerings_on_sale_in_each() -> None:
    files = list(catalogue())
    assert len(files) == 10
    for file in files:
        on_sale = [o for o in file["offerings"].values() if o.get("on_sale", True)]
        assert len(on_sale) >= 4, file["code"]


def test_every_piece_keeps_the_rules_and_is_marked_as_sample() -> None:
    for put in categories():
        body = {name: value for name, value in put.body.items() if name != "reason"}
        assert CategoryTerms.model_validate(body).demo
    for put in offerings():
        body = {name: value for name, value in put.body.items() if name != "reason"}
        terms = OfferingTerms.model_validate(body)
        check_terms(terms)
        assert terms.demo


def test_no_code_is_used_twice() -> None:
    for puts in rounds():
        paths = [put.path for put in puts]
        assert len(set(paths)) == len(paths)


def test_the_journeys_find_two_stops_and_a_crew_of_two() -> None:
    terms = {put.path.rpartition("/")[2]: put.body for put in offerings()}
    assert terms["tow_flatbed"]["stops"] == ["pick_up", "drop_off"]
    assert terms["tow_flatbed"]["equipment"] == "flatbed"
    assert len(terms["crew_deep_cleaning"]["positions"]) == 2


async def test_loading_twice_changes_nothing_the_second_time(service: ServiceFixture) -> None:
    order = await service("order", serve=True)
    token = order.bearer(new_id(), Role.STAFF)["Authorization"].removeprefix("Bearer ")
    first = await load(order.url, token, "order")
    assert first.changed == first.put > 50
    assert (await load(order.url, token, "order")).changed == 0
    shown = as_json(await order.http.get("/catalog/categories"))["categories"]
    assert len(shown) == 10
    assert all(category["demo"] and category["offerings"] >= 4 for category in shown)
