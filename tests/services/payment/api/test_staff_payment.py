"""HTTP for staff: refunds, an order's money, the trial balance."""

import pytest

from shared.kit.caller import Role
from shared.kit.ids import new_id
from tests.services.payment.world import World, coupon
from tests.support.service import as_json


async def test_ten_equal_requests_refund_once(world: World) -> None:
    placed, _ = await world.captured()
    headers = world.payment.headers(new_id(), Role.STAFF)
    body = {"order_id": str(placed.order_id), "amount_minor": 5_000, "reason": "6123 4567"}
    answers = [
        await world.payment.http.post("/staff/payment/refunds", json=body, headers=headers)
        for _ in range(10)
    ]
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert answers[0].json()["note"] == "6*** **67"
    assert (await world.money(placed))["refunded"]["minor"] == 5_000


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount_minor": 0}, "body.amount_minor"),
        ({"amount_minor": "5"}, "body.amount_minor"),
        ({"amount_minor": True}, "body.amount_minor"),
        ({"amount_minor": 10**13}, "body.amount_minor"),
        ({"reason": ""}, "body.reason"),
        ({"reason": "x" * 201}, "body.reason"),
        ({"more": 1}, "body.more"),
    ],
)
async def test_bad_input_names_its_field(
    world: World, change: dict[str, object], field: str
) -> None:
    body = {"order_id": str(new_id()), "reason": "late", **change}
    headers = world.payment.headers(new_id(), Role.STAFF)
    answer = await world.payment.http.post("/staff/payment/refunds", json=body, headers=headers)
    assert (answer.status_code, answer.json()["field"]) == (422, field)


async def test_more_than_is_left_is_refused_with_what_is_left(world: World) -> None:
    placed, _ = await world.captured()
    headers = world.payment.headers(new_id(), Role.STAFF)
    body = {"order_id": str(placed.order_id), "amount_minor": 100_001, "reason": "late"}
    answer = await world.payment.http.post("/staff/payment/refunds", json=body, headers=headers)
    assert (answer.status_code, answer.json()["left_minor"]) == (409, 100_000)


async def test_the_trial_balance_balances_by_group_of_accounts(world: World) -> None:
    placed, _ = await world.captured(100_000, coupon(10_000))
    await world.accept(placed, world.crew(placed, True))
    await world.payment.run_due()
    headers = world.payment.bearer(new_id(), Role.STAFF)
    view = as_json(await world.payment.http.get("/staff/payment/trial-balance", headers=headers))
    assert view["balanced"] is True
    groups = {line["account"]: line for line in view["lines"]}
    assert groups["liab:escrow:order"]["debit_minor"] == 100_000
    assert groups["liab:escrow:order"]["credit_minor"] == 100_000
    assert groups["liab:worker:available"]["credit_minor"] == 88_000
    assert groups["rev:commission:towing"]["credit_minor"] == 12_000


async def test_stuck_refunds_are_listed_and_tried_again(world: World) -> None:
    placed, _ = await world.captured()
    await world.fault("POST /v3/global/refunds", "refund_abnormal", times=1)
    await world.cancel(placed)
    await world.payment.run_due()
    await world.pass_time(minutes=2)

    bearer = world.payment.bearer(new_id(), Role.STAFF)
    page = as_json(await world.payment.http.get("/staff/payment/refunds", headers=bearer))
    [stuck] = page["items"]
    assert (stuck["state"], stuck["problem"]) == ("abnormal", "abnormal")
    path = f"/staff/payment/refunds/{stuck['id']}/retry"
    headers = world.payment.headers(new_id(), Role.STAFF)
    answer = await world.payment.http.post(path, json={"reason": "new card"}, headers=headers)
    assert as_json(answer)["state"] == "requested"


async def test_staff_routes_are_for_staff(world: World) -> None:
    as_user = world.payment.headers(new_id(), Role.USER)
    for path in ("trial-balance", "refunds", f"orders/{new_id()}", "commission-rules"):
        answer = await world.payment.http.get(f"/staff/payment/{path}", headers=as_user)
        assert answer.status_code == 403
