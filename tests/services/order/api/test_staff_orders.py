"""What staff see and do."""

from shared.contracts.order import CancelReason, OrderCancelled
from tests.services.order.given import Shop
from tests.support.service import as_json

BOARD = "/staff/order/orders"


async def test_the_board_shows_one_state_page_by_page(shop: Shop) -> None:
    paid = [(await shop.paid())["id"] for _ in range(3)]
    await shop.placed()
    page = as_json(await shop.http.get(BOARD, params={"limit": 2}, headers=shop.as_staff()))
    rest = as_json(
        await shop.http.get(BOARD, params={"cursor": page["next_cursor"]}, headers=shop.as_staff())
    )
    assert [order["id"] for order in page["items"] + rest["items"]] == paid[::-1]


async def test_an_order_is_found_by_the_number_that_is_read_out(shop: Shop) -> None:
    order = await shop.placed()
    path = f"{BOARD}/by-number/{order['number'].lower()}"
    found = as_json(await shop.http.get(path, headers=shop.as_staff()))
    assert found["id"] == order["id"]
    missing = await shop.http.get(f"{BOARD}/by-number/JA-0000-0000", headers=shop.as_staff())
    assert missing.status_code == 404


async def test_staff_cancel_and_the_timeline_folds_to_the_state(shop: Shop) -> None:
    order = await shop.paid()
    body = {"reason": "asked by phone"}
    path = f"{BOARD}/{order['id']}"
    as_json(await shop.http.post(f"{path}/cancel", json=body, headers=shop.as_staff()))
    [told] = await shop.running.told(OrderCancelled)
    assert told.reason is CancelReason.STAFF
    timeline = as_json(await shop.http.get(f"{path}/timeline", headers=shop.as_staff()))
    assert timeline["consistent"] is True
    assert timeline["state"] == timeline["entries"][-1]["after"] == "cancelled"
    assert [entry["role"] for entry in timeline["entries"]] == ["user", "system", "staff"]
    assert timeline["entries"][-1]["reason"] == "asked by phone"
    assert timeline["entries"][1]["correlation"]


async def test_users_have_no_door_to_the_board(shop: Shop) -> None:
    assert (await shop.http.get(BOARD, headers=shop.as_user())).status_code == 403
