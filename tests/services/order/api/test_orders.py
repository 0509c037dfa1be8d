"""Placing, reading and cancelling over HTTP."""

import asyncio
from uuid import UUID

from shared.contracts.ids import OrderId, RefundId, UserId
from shared.contracts.order import CancelReason, OrderCancelled, OrderPlaced
from shared.contracts.payment import Refunded
from shared.kit.ids import new_id, shard_of
from shared.kit.money import Currency, Money
from shared.privacy.sealing import erase_subject
from tests.invariants.clear import lies_in
from tests.services.order.given import SECRET_LINES, Shop, race
from tests.support.service import as_json


async def test_an_order_is_placed_at_the_quoted_price_and_told(shop: Shop) -> None:
    quote = await shop.quote()
    order = as_json(await shop.post_order(quote))
    assert order["state"] == "pending_payment"
    assert order["payable"] == quote["payable"] == {"minor": 80_000, "currency": "HKD"}
    assert shard_of(UUID(order["id"])) == shard_of(shop.user)
    [told] = await shop.running.told(OrderPlaced)
    assert str(told.order_id) == order["id"]
    assert told.number == order["number"]
    [visit] = told.visits
    assert [stop.kind for stop in visit.stops] == ["pick_up", "drop_off"]
    assert [(p.number, p.weight, p.skill, p.level) for p in visit.positions] == [
        (1, 60, "towing", 2)
    ]


async def test_ten_equal_posts_place_one_order(shop: Shop) -> None:
    quote, key = await shop.quote(), new_id()
    answers = await asyncio.gather(*(shop.post_order(quote, key) for _ in range(10)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert len(await shop.running.told(OrderPlaced)) == 1


async def test_ten_rivals_place_one_order_by_one_quote(shop: Shop) -> None:
    quote = await shop.quote()
    answers = await race("quote_for_update", *[lambda: shop.post_order(quote)] * 10)
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 9
    refusals = {a.json()["type"].rpartition("/")[2] for a in answers if a.status_code == 409}
    assert refusals == {"quote-used"}


async def test_a_quote_is_refused_when_over_or_changed_or_not_yours(shop: Shop) -> None:
    quote = await shop.quote()
    other = {**quote, "hash": "0" * 64}
    assert (await shop.post_order(other)).json()["type"].endswith("price-changed")
    body = {"quote_id": quote["quote_id"], "hash": quote["hash"]}
    theirs = await shop.http.post("/orders", json=body, headers=shop.as_user(user=new_id()))
    assert theirs.status_code == 404
    await shop.running.pass_time(minutes=10)
    assert (await shop.post_order(quote)).status_code == 410
    assert not await shop.running.told(OrderPlaced)


async def test_a_new_price_book_refuses_the_old_price(shop: Shop) -> None:
    quote = await shop.quote()
    async with shop.running.begin() as tx:
        await tx.run(
            "INSERT INTO price_versions SELECT offering_id, 2, $1, book, $1, written_by, reason"
            " FROM price_versions WHERE offering_id = $2",
            tx.now,
            shop.towing,
        )
    assert (await shop.post_order(quote)).json()["type"].endswith("price-changed")


async def test_an_offering_taken_off_sale_is_not_ordered(shop: Shop) -> None:
    quote = await shop.quote()
    async with shop.running.begin() as tx:
        await tx.run("UPDATE offerings SET on_sale = false WHERE id = $1", shop.towing)
    assert (await shop.post_order(quote)).json()["type"].endswith("offering-off-sale")


async def test_address_lines_are_sealed_masked_and_read_on_record(shop: Shop) -> None:
    order = await shop.placed(shop.cleaning)
    [stop] = (await shop.detail(order))["visits"][0]["stops"]
    assert stop["lines"] == {"estate": "太古城", "building": "Juniper Mansion", "block": "5"}
    path = f"/orders/{order['id']}/addresses"
    [full] = as_json(await shop.http.get(path, headers=shop.as_user()))["stops"]
    assert full["lines"] == SECRET_LINES
    assert (await shop.http.get(path, headers=shop.as_user(user=new_id()))).status_code == 404
    async with shop.running.begin() as tx:
        [reveals] = await tx.run("SELECT count(*) FROM reveals WHERE actor = $1", shop.user)
        kept = await tx.run("SELECT s::text FROM stops s")
        kept = [*kept, *await tx.run("SELECT q::text FROM price_quotes q")]
        kept = [*kept, *await tx.run("SELECT body FROM outbox")]
        kept = [*kept, *await tx.run("SELECT r::text FROM requests r")]
    assert reveals[0] == 1
    assert [row[0] for row in kept if lies_in("SECRET", row[0])] == []


async def test_the_tabs_hold_what_their_names_say(shop: Shop) -> None:
    waiting = await shop.placed()
    paid = await shop.paid()
    cancelled = await shop.placed()
    body = {"reason": "changed my mind"}
    path = f"/orders/{cancelled['id']}/cancel"
    as_json(await shop.http.post(path, json=body, headers=shop.as_user()))

    async def tab(name: str) -> list[str]:
        page = await shop.http.get("/orders", params={"tab": name}, headers=shop.as_user())
        return [order["id"] for order in as_json(page)["items"]]

    assert await tab("all") == [cancelled["id"], paid["id"], waiting["id"]]
    assert await tab("pending_payment") == [waiting["id"]]
    assert await tab("pending_service") == [paid["id"]]
    assert await tab("pending_acceptance") == await tab("after_sales") == []


async def test_pages_of_orders_join_without_gap_or_repeat(shop: Shop) -> None:
    placed = [(await shop.placed())["id"] for _ in range(5)]
    seen: list[str] = []
    cursor = None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = as_json(await shop.http.get("/orders", params=query, headers=shop.as_user()))
        seen += [order["id"] for order in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == placed[::-1]


async def test_cancelling_is_free_before_a_worker_is_found_and_equals_its_preview(
    shop: Shop,
) -> None:
    order = await shop.paid()
    path = f"/orders/{order['id']}"
    preview = as_json(await shop.http.get(f"{path}/cancel-preview", headers=shop.as_user()))
    assert (preview["fee"]["minor"], preview["refund"]["minor"]) == (0, 80_000)
    body = {"reason": "call me at 6123 4567"}
    done = as_json(await shop.http.post(f"{path}/cancel", json=body, headers=shop.as_user()))
    assert done["state"] == "cancelled"
    [told] = await shop.running.told(OrderCancelled)
    assert (told.reason, told.was_paid, told.fee.minor) == (CancelReason.USER, True, 0)
    timeline = as_json(await shop.http.get(f"{path}/timeline", headers=shop.as_user()))
    assert [entry["what"] for entry in timeline["entries"]] == ["place", "capture", "cancel_free"]
    assert "6123 4567" not in str(timeline)


async def test_what_went_back_before_is_not_given_back_again(shop: Shop) -> None:
    order = await shop.paid()
    refunded = Refunded(
        order_id=OrderId(UUID(order["id"])),
        user_id=UserId(shop.user),
        refund_id=RefundId(new_id()),
        amount=Money(30_000, Currency.HKD),
        full=False,
    )
    await shop.running.tell(refunded)
    path = f"/orders/{order['id']}/cancel-preview"
    preview = as_json(await shop.http.get(path, headers=shop.as_user()))
    assert (preview["fee"]["minor"], preview["refund"]["minor"]) == (0, 50_000)


async def test_cancelling_late_is_not_built_and_changes_nothing(shop: Shop) -> None:
    order = await shop.assigned()
    path = f"/orders/{order['id']}"
    preview = await shop.http.get(f"{path}/cancel-preview", headers=shop.as_user())
    assert (preview.status_code, preview.json()["type"].rpartition("/")[2]) == (
        409,
        "move-not-built",
    )
    late = await shop.http.post(f"{path}/cancel", json={"reason": "late"}, headers=shop.as_user())
    assert late.json()["type"].endswith("move-not-built")
    assert await shop.state(order) == "assigned"


async def test_cancelling_twice_is_refused_with_what_is_allowed(shop: Shop) -> None:
    order = await shop.placed()
    path, body = f"/orders/{order['id']}/cancel", {"reason": "no"}
    as_json(await shop.http.post(path, json=body, headers=shop.as_user()))
    again = await shop.http.post(path, json=body, headers=shop.as_user())
    assert again.status_code == 409
    assert again.json()["type"].endswith("move-refused")
    assert again.json()["allowed"] == []


async def test_of_ten_cancels_with_keys_of_their_own_one_wins(shop: Shop) -> None:
    order = await shop.placed()
    path, body = f"/orders/{order['id']}/cancel", {"reason": "no"}
    answers = await asyncio.gather(
        *(shop.http.post(path, json=body, headers=shop.as_user()) for _ in range(10))
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 9
    assert len(await shop.running.told(OrderCancelled)) == 1


async def test_the_start_code_is_shown_to_the_user_from_the_assignment(shop: Shop) -> None:
    order = await shop.paid()
    assert order["start_code"] is None
    order = await shop.assigned()
    assert len(order["start_code"]) == 4
    staff = await shop.http.get(f"/staff/order/orders/{order['id']}", headers=shop.as_staff())
    assert as_json(staff)["start_code"] is None


async def test_other_peoples_orders_are_not_there(shop: Shop) -> None:
    order = await shop.placed()
    for path in ("", "/timeline", "/cancel-preview", "/addresses"):
        answer = await shop.http.get(
            f"/orders/{order['id']}{path}", headers=shop.as_user(user=new_id())
        )
        assert answer.status_code == 404


async def test_bad_input_names_the_field(shop: Shop) -> None:
    for body in ({}, {"quote_id": "x", "hash": "y"}, {"quote_id": str(new_id()), "hash": ""}):
        answer = await shop.http.post("/orders", json=body, headers=shop.as_user())
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"]
    no_key = shop.running.bearer(shop.user)
    assert (await shop.http.post("/orders", json={}, headers=no_key)).status_code in (400, 403)


async def test_the_addresses_of_a_forgotten_person_open_no_more(shop: Shop) -> None:
    order = await shop.placed(shop.cleaning)
    async with shop.running.begin() as tx:
        await erase_subject(tx, shop.user)
    [stop] = (await shop.detail(order))["visits"][0]["stops"]
    assert stop["lines"] is None
    answer = await shop.http.get(f"/orders/{order['id']}/addresses", headers=shop.as_user())
    assert answer.status_code == 410
