"""HTTP for paying an order."""

from typing import Any
from uuid import UUID

import pytest

from shared.contracts.payment import PaymentCaptured, Refunded
from shared.kit.caller import Role
from shared.kit.ids import new_id
from tests.services.payment.world import World
from tests.support.service import as_json


async def test_the_user_gets_what_the_mini_program_needs(world: World) -> None:
    placed = await world.place()
    view = await world.begin_paying(placed)
    assert set(view["wechat"]) == {"timeStamp", "nonceStr", "package", "signType", "paySign"}
    assert view["wechat"]["package"].startswith("prepay_id=")
    assert view["amount"] == {"minor": 100_000, "currency": "HKD"}

    headers = world.payment.bearer(placed.user_id, Role.USER)
    again = await world.payment.http.get(f"/payments/{view['payment_id']}", headers=headers)
    assert as_json(again)["state"] == "open"
    assert as_json(again)["wechat"]["package"] == view["wechat"]["package"]


async def test_a_payment_is_shown_to_its_payer_only(world: World) -> None:
    placed, view = await world.captured()
    path = f"/payments/{view['payment_id']}"
    mine = await world.payment.http.get(
        path, headers=world.payment.bearer(placed.user_id, Role.USER)
    )
    assert (as_json(mine)["state"], as_json(mine)["wechat"]) == ("captured", None)
    other = await world.payment.http.get(path, headers=world.payment.bearer(new_id(), Role.USER))
    assert other.status_code == 404


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"order_id": "x"}, "body.order_id"),
        ({"channel": "cash"}, "body.channel"),
        ({"channel": None}, "body.channel"),
        ({"amount": 1}, "body.amount"),
        ({"wechat_code": ""}, "body.wechat_code"),
        ({"wechat_code": "x" * 129}, "body.wechat_code"),
    ],
)
async def test_bad_input_names_its_field(
    world: World, change: dict[str, object], field: str
) -> None:
    body = {"order_id": str(new_id()), "channel": "wechat", **change}
    headers = world.payment.headers(new_id(), Role.USER)
    answer = await world.payment.http.post("/payments", json=body, headers=headers)
    assert (answer.status_code, answer.json()["field"]) == (422, field)


async def test_the_network_itself_tells_of_payment_and_refund(notified: World) -> None:
    """The whole way over HTTP: the sandbox's own notices, each told twice."""
    world = notified
    await world.fault("NOTIFY", "duplicate_notify")
    placed = await world.place()
    view = await world.begin_paying(placed)
    await world.pay_at_wechat(view["payment_id"])
    await _until(world, view["payment_id"], "DELIVERED", 1)
    assert len(await world.payment.told(PaymentCaptured)) == 1

    await world.cancel(placed)
    await world.payment.run_due()
    await _until(world, view["payment_id"], "DELIVERED", 2)
    assert len(await world.payment.told(Refunded)) == 1
    assert await world.balances(placed) == {}


async def test_the_network_s_probe_and_wrong_signature_are_refused(notified: World) -> None:
    world = notified
    await world.fault("NOTIFY", "signtest")
    placed = await world.place()
    view = await world.begin_paying(placed)
    await world.pay_at_wechat(view["payment_id"])
    [notice] = await _until(world, view["payment_id"], "DELIVERED", 1)
    assert [answer["http_status"] for answer in notice["probe_answers"]] == [400]
    assert len(await world.payment.told(PaymentCaptured)) == 1


async def _until(world: World, payment_id: str, state: str, count: int) -> list[dict[str, Any]]:
    """The network's notices of an attempt, once so many of them were taken in."""
    number = UUID(payment_id).hex
    notices: list[dict[str, Any]] = []
    for _ in range(200):
        path = f"/__sandbox/wechat/notices?out_trade_no={number}"
        notices = as_json(await world.sandbox.get(path))["notices"]
        if sum(notice["mail_state"] == state for notice in notices) == count:
            return notices
    raise AssertionError(notices)
