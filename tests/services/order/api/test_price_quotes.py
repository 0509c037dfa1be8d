"""What an order would cost."""

from typing import Any

import pytest

from shared.kit.ids import new_id
from tests.services.order.given import MONG_KOK, SECRET_LINES, SHA_TIN, Shop
from tests.support.service import as_json


def _kept(address_id: object, **also: Any) -> dict[str, Any]:
    return {
        "address_id": str(address_id),
        **SHA_TIN,
        "region": "NT",
        "lines": SECRET_LINES,
        "label": "home",
        "has_lift": False,
        "steps": 12,
        **also,
    }


async def _ask(shop: Shop, **also: Any) -> Any:
    return await shop.http.post("/price-quotes", json=shop.asks(**also), headers=shop.as_user())


async def test_the_lines_of_a_price_add_up_to_it(shop: Shop) -> None:
    quote = await shop.quote(options={"quantity": 3})
    assert sum(line["amount"]["minor"] for line in quote["lines"]) == 100_000
    assert quote["list_price"]["minor"] == quote["payable"]["minor"] == 100_000
    assert quote["urgency"] == "rescue"
    assert quote["lines"][0]["label"]["en"] == "Towing"


async def test_the_same_wish_has_the_same_hash_and_another_has_not(shop: Shop) -> None:
    one, same = await shop.quote(), await shop.quote()
    other = await shop.quote(options={"quantity": 2})
    assert one["hash"] == same["hash"] != other["hash"]
    assert one["quote_id"] != same["quote_id"]


async def test_a_kept_address_is_asked_for_and_goes_into_the_order(shop: Shop) -> None:
    address_id = str(new_id())
    shop.peers.addresses[address_id] = _kept(address_id)
    stops = [{"kind": "site", "address_id": address_id}]
    order = await shop.placed(shop.cleaning, stops=stops)
    [stop] = (await shop.detail(order))["visits"][0]["stops"]
    assert (stop["district"], stop["has_lift"], stop["steps"]) == ("ST", False, 12)
    assert stop["lines"]["building"] == SECRET_LINES["building"]


async def test_an_address_that_is_not_yours_is_refused_as_user_says_it(shop: Shop) -> None:
    stops = [{"kind": "site", "address_id": str(new_id())}]
    answer = await _ask(shop, offering=shop.cleaning, stops=stops)
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (
        404,
        "address-not-found",
    )


async def test_coupons_are_taken_off_by_best_choice_by_name_or_not_at_all(shop: Shop) -> None:
    coupon = str(new_id())
    shop.peers.coupons[coupon] = 5_000
    best = await shop.quote(coupon_ids=None)
    named = await shop.quote(coupon_ids=[coupon, str(new_id())])
    none = await shop.quote(coupon_ids=[])
    assert [quote["payable"]["minor"] for quote in (best, named, none)] == [75_000, 75_000, 80_000]
    assert [len(quote["skipped"]) for quote in (best, named, none)] == [0, 1, 0]
    assert best["discounts"][0]["funder"] == "platform"
    assert len({quote["hash"] for quote in (best, none)}) == 2


BERLIN = {"point": {"lat": 52.5, "lng": 13.4}, "district": "YT"}
NOWHERE = {**MONG_KOK, "district": "XX"}
DROP = {"kind": "drop_off", **SHA_TIN}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"stops": [{"kind": "pick_up", **BERLIN}, DROP]}, "stops-invalid"),
        ({"stops": [{"kind": "pick_up", **NOWHERE}, DROP]}, "stops-invalid"),
        ({"stops": [DROP]}, "stops-invalid"),
        ({"stops": []}, "invalid-request"),
        ({"stops": [{"kind": "pick_up"}, DROP]}, "invalid-request"),
        ({"stops": [{"kind": "pick_up", "point": {"lat": "x", "lng": 1}}]}, "invalid-request"),
        ({"starts_at": "2020-01-01T00:00:00Z"}, "start-invalid"),
        ({"starts_at": "2026-12-01T00:00:00"}, "invalid-request"),
        ({"options": {"quantity": 4}}, "quantity-out-of-range"),
        ({"options": {"quantity": True}}, "invalid-request"),
        ({"options": {"quantity": 1.5}}, "invalid-request"),
        ({"options": {"extras": {"piano": 1}}}, "extra-invalid"),
        ({"surprise": 1}, "invalid-request"),
        ({"coupon_ids": ["x"]}, "invalid-request"),
    ],
)
async def test_bad_input_is_refused_with_field_and_reason(
    shop: Shop, change: dict[str, Any], code: str
) -> None:
    answer = await _ask(shop, **change)
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (422, code)
    assert answer.json()["field"]
    assert answer.json()["reason"]


async def test_an_offering_that_is_no_rescue_needs_a_start(shop: Shop) -> None:
    answer = await _ask(shop, offering=shop.cleaning, starts_at=None)
    assert answer.json()["field"] == "starts_at"
    unknown = await _ask(shop, offering_id=str(new_id()))
    assert unknown.status_code == 404


async def test_a_peer_that_is_away_is_said_to_be_away(shop: Shop) -> None:
    shop.running.kit.ports["promotion"]._peer.base_url = "http://127.0.0.1:9"
    answer = await _ask(shop, coupon_ids=None)
    assert answer.status_code == 503
    as_json(await _ask(shop, coupon_ids=[]))


async def test_quotes_that_are_long_over_are_forgotten_and_others_kept(shop: Shop) -> None:
    for _ in range(3):
        await shop.quote()
    await shop.running.pass_time(hours=25)
    await shop.quote()
    await shop.quote()
    async with shop.running.begin() as tx:
        [left] = await tx.run("SELECT count(*) FROM price_quotes")
    assert left[0] == 2
