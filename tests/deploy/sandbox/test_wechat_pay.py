"""The rules WeChat Pay keeps for orders and refunds, on the Hong Kong wire."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.deploy.sandbox.world import BankCaller, Merchant

BY_NUMBER = "/v3/global/transactions/out-trade-no"


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """HTTP status and code."""
    return answer.status_code, answer.json()["code"]


async def advance(merchant: Merchant, seconds: float) -> None:
    """Move the clock on, the merchant's too."""
    answer = await merchant.http.post("/__sandbox/clock/advance", json={"seconds": seconds})
    assert answer.status_code == 200, answer.text
    merchant.offset = answer.json()["offset_seconds"]


async def test_an_order_is_prepared_paid_and_found_by_both_numbers(merchant: Merchant) -> None:
    prepay_id = (await merchant.prepay("trade-one", 12345)).json()["prepay_id"]
    unpaid = (await merchant.get(f"{BY_NUMBER}/trade-one")).json()
    assert (unpaid["trade_state"], "id" in unpaid) == ("NOTPAY", False)
    paid = await merchant.http.post("/__sandbox/wechat/pay", json={"prepay_id": prepay_id})
    assert paid.status_code == 200
    found = (await merchant.get(f"{BY_NUMBER}/trade-one")).json()
    assert found["trade_state"] == "SUCCESS"
    assert found["attach"] == "order-trade-one"
    assert found["payer"] == {"openid": "o-somebody"}
    assert found["amount"]["total"] == found["amount"]["payer_total"] == 12345
    assert (await merchant.get(f"/v3/global/transactions/id/{found['id']}")).json() == found


async def test_the_same_order_again_gets_the_same_prepay_id_and_another_none(
    merchant: Merchant,
) -> None:
    first = await merchant.prepay("same-order")
    assert (await merchant.prepay("same-order")).json() == first.json()
    assert refusal(await merchant.prepay("same-order", 999)) == (400, "INVALID_REQUEST")


async def test_a_paid_number_is_used_and_a_closed_one_closed(merchant: Merchant) -> None:
    await merchant.paid("used-number")
    assert refusal(await merchant.prepay("used-number")) == (403, "OUT_TRADE_NO_USED")
    await merchant.prepay("closed-number")
    close = {"mchid": merchant.known["mchid"]}
    for _ in range(2):
        closed = await merchant.post(f"{BY_NUMBER}/closed-number/close", close)
        assert (closed.status_code, closed.content) == (204, b"")
    assert refusal(await merchant.prepay("closed-number")) == (400, "ORDER_CLOSED")
    assert refusal(await merchant.pay("closed-number")) == (409, "ORDER_CLOSED")
    assert refusal(await merchant.pay("used-number")) == (409, "ORDERPAID")
    paid = await merchant.post(f"{BY_NUMBER}/used-number/close", close)
    assert refusal(paid) == (400, "ORDERPAID")
    nobody = await merchant.post(f"{BY_NUMBER}/nobody-number/close", close)
    assert refusal(nobody) == (404, "ORDER_NOT_EXIST")


async def test_an_order_ends_at_its_time_expire_and_not_before(merchant: Merchant) -> None:
    ends = datetime.now(UTC) + timedelta(seconds=900)
    for number in ("ends-one", "ends-two"):
        await merchant.prepay(number, time_expire=ends.isoformat())
    await advance(merchant, 890)
    assert (await merchant.pay("ends-one")).status_code == 200
    await advance(merchant, 20)
    assert refusal(await merchant.pay("ends-two")) == (409, "ORDER_CLOSED")
    found = (await merchant.get(f"{BY_NUMBER}/ends-two")).json()
    assert found["trade_state"] == "CLOSED"
    late = await merchant.prepay("ends-three", time_expire=ends.isoformat())
    assert refusal(late) == (400, "PARAM_ERROR")


async def test_a_prepay_id_lives_two_hours_and_is_renewed_by_the_same_order(
    merchant: Merchant,
) -> None:
    await merchant.prepay("two-hours")
    await advance(merchant, 7201)
    assert refusal(await merchant.pay("two-hours")) == (409, "INVALID_REQUEST")
    assert (await merchant.prepay("two-hours")).status_code == 200
    assert (await merchant.pay("two-hours")).status_code == 200


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"appid": "wx0000000000000000"}, "APPID_MCHID_NOT_MATCH", "appid"),
        ({"mchid": "1900000001"}, "MCH_NOT_EXISTS", "mchid"),
        ({"out_trade_no": "short"}, "PARAM_ERROR", "/body/out_trade_no"),
        ({"out_trade_no": "with space"}, "PARAM_ERROR", "/body/out_trade_no"),
        ({"amount": {"total": 0, "currency": "HKD"}}, "PARAM_ERROR", "/body/amount/total"),
        ({"amount": {"total": "10", "currency": "HKD"}}, "PARAM_ERROR", "/body/amount/total"),
        ({"amount": {"total": True, "currency": "HKD"}}, "PARAM_ERROR", "/body/amount/total"),
        ({"amount": {"total": 10, "currency": "CNY"}}, "PARAM_ERROR", "/body/amount/currency"),
        ({"notify_url": "https://a.test/n?x=1"}, "PARAM_ERROR", "/body/notify_url"),
        ({"trade_type": "APP"}, "PARAM_ERROR", "/body/trade_type"),
        ({"merchant_category_code": None}, "PARAM_ERROR", "/body/merchant_category_code"),
        ({"description": "x" * 128}, "PARAM_ERROR", "/body/description"),
        ({"attach": "x" * 129}, "PARAM_ERROR", "/body/attach"),
        ({"payer": {}}, "PARAM_ERROR", "/body/payer/openid"),
        ({"time_expire": "2030-01-01T00:00:00"}, "PARAM_ERROR", "/body/time_expire"),
    ],
)
async def test_a_wrong_order_is_refused_by_field(
    merchant: Merchant, change: dict[str, Any], code: str, field: str
) -> None:
    answer = await merchant.prepay("wrong-order", **change)
    assert refusal(answer) == (400, code)
    assert answer.json()["detail"]["field"] == field


async def test_what_is_no_json_is_a_wrong_parameter(merchant: Merchant) -> None:
    for raw in (b"", b"{", b"[]", b'"x"', b"\xc3\x28"[:0] + b"nul"):
        answer = await merchant.send("POST", "/v3/global/transactions/jsapi", raw)
        assert refusal(answer) == (400, "PARAM_ERROR")


async def test_a_query_must_name_the_merchant_and_a_known_number(merchant: Merchant) -> None:
    assert refusal(await merchant.get(f"{BY_NUMBER}/nobody")) == (404, "ORDER_NOT_EXIST")
    bare = await merchant.send("GET", f"{BY_NUMBER}/nobody")
    assert refusal(bare) == (400, "MCH_NOT_EXISTS")
    assert (await merchant.pay("nobody")).status_code == 409


async def test_a_refund_is_taken_once_and_ends_well_a_moment_later(merchant: Merchant) -> None:
    paid = await merchant.paid("refunded")
    first = await merchant.refund("refunded", "r-1", 400)
    assert first.status_code == 200
    assert first.json()["amount"]["refund"] == 400
    assert (await merchant.refund("refunded", "r-1", 400)).json() == first.json()
    assert refusal(await merchant.refund("refunded", "r-1", 300)) == (400, "INVALID_REQUEST")
    query = "/v3/global/refunds/out-refund-no/r-1"
    assert (await merchant.get(query)).json()["status"] == "PROCESSING"
    await advance(merchant, 1)
    found = (await merchant.get(query)).json()
    assert found["status"] == "SUCCESS"
    assert found["transaction_id"] == paid["id"]
    assert (await merchant.get(f"/v3/global/refunds/id/{found['id']}")).json() == found
    all_of = (
        await merchant.get("/v3/global/refunds?out_trade_no=refunded&offset=0&count=10")
    ).json()
    assert [row["out_refund_no"] for row in all_of["data"]] == ["r-1"]
    assert (all_of["total_num"], all_of["current_total_num"]) == (1, 1)
    trade = (await merchant.get(f"{BY_NUMBER}/refunded")).json()
    assert trade["trade_state"] == "REFUND"


async def test_refunds_never_exceed_what_was_paid(merchant: Merchant) -> None:
    await merchant.paid("over-refund")
    assert (await merchant.refund("over-refund", "o-1", 600)).status_code == 200
    await advance(merchant, 61)
    assert refusal(await merchant.refund("over-refund", "o-2", 401)) == (400, "INVALID_REQUEST")
    assert (await merchant.refund("over-refund", "o-2", 400)).status_code == 200
    await advance(merchant, 61)
    assert refusal(await merchant.refund("over-refund", "o-3", 1)) == (400, "INVALID_REQUEST")


async def test_parts_are_a_minute_apart_unless_the_rule_is_lifted(merchant: Merchant) -> None:
    await merchant.paid("spaced-parts")
    assert (await merchant.refund("spaced-parts", "s-1", 10)).status_code == 200
    assert refusal(await merchant.refund("spaced-parts", "s-2", 10)) == (429, "FREQUENCY_LIMITED")
    await advance(merchant, 60)
    assert (await merchant.refund("spaced-parts", "s-2", 10)).status_code == 200
    await merchant.http.put("/__sandbox/wechat/rules", json={"refund_spacing": False})
    assert (await merchant.refund("spaced-parts", "s-3", 10)).status_code == 200


async def test_an_order_has_fifty_parts_at_most(merchant: Merchant) -> None:
    await merchant.paid("fifty-parts")
    await merchant.http.put("/__sandbox/wechat/rules", json={"refund_spacing": False})
    for part in range(50):
        assert (await merchant.refund("fifty-parts", f"f-{part}", 1)).status_code == 200
    assert refusal(await merchant.refund("fifty-parts", "f-50", 1)) == (400, "INVALID_REQUEST")


async def test_what_cannot_be_refunded_is_refused(merchant: Merchant) -> None:
    assert refusal(await merchant.refund("nobody", "n-1", 1)) == (404, "RESOURCE_NOT_EXISTS")
    await merchant.prepay("not-paid")
    assert refusal(await merchant.refund("not-paid", "n-1", 1)) == (400, "INVALID_REQUEST")
    await merchant.paid("paid-long-ago")
    wrong_total = await merchant.refund("paid-long-ago", "n-2", 1, 999)
    assert refusal(wrong_total) == (400, "PARAM_ERROR")
    await advance(merchant, 366 * 86_400)
    assert refusal(await merchant.refund("paid-long-ago", "n-2", 1)) == (400, "INVALID_REQUEST")


async def test_money_paid_out_by_the_bank_cannot_be_refunded(
    merchant: Merchant, bank: BankCaller
) -> None:
    await merchant.paid("paid-out")
    split = {"party": "w", "account": "a", "amount_minor": 700, "currency": "HKD"}
    body = {"id": "i-1", "order_id": "order-paid-out", "splits": [split]}
    assert (await bank.instruct(body)).status_code == 200
    assert refusal(await merchant.refund("paid-out", "p-1", 301)) == (403, "NOT_ENOUGH")
    assert (await merchant.refund("paid-out", "p-1", 300)).status_code == 200


@pytest.mark.parametrize(
    ("kind", "end", "refunded"),
    [("refund_abnormal", "ABNORMAL", 400), ("refund_closed", "CLOSED", 0)],
)
async def test_a_refund_can_end_badly(
    merchant: Merchant, kind: str, end: str, refunded: int
) -> None:
    await merchant.paid("bad-end")
    rule = {"route": "POST /v3/global/refunds", "kind": kind, "times": 1}
    await merchant.http.put("/__sandbox/faults", json=[rule])
    assert (await merchant.refund("bad-end", "b-1", 400)).status_code == 200
    await advance(merchant, 1)
    found = (await merchant.get("/v3/global/refunds/out-refund-no/b-1")).json()
    assert found["status"] == end
    book = (await merchant.http.get("/__sandbox/wechat/book")).json()
    assert book["totals"] == {"HKD": {"captured": 1000, "refunded": refunded}}
    accounts = (await merchant.http.get("/__sandbox/bank/book")).json()["sub_accounts"]
    assert accounts[0]["balance_minor"] == 1000 - refunded


async def test_a_refund_can_hang_until_it_is_ended(merchant: Merchant) -> None:
    await merchant.paid("hanging")
    rule = {"route": "POST /v3/global/refunds", "kind": "refund_processing", "times": 1}
    await merchant.http.put("/__sandbox/faults", json=[rule])
    await merchant.refund("hanging", "h-1", 400)
    await advance(merchant, 86_400)
    query = "/v3/global/refunds/out-refund-no/h-1"
    assert (await merchant.get(query)).json()["status"] == "PROCESSING"
    await merchant.http.post("/__sandbox/wechat/refunds/end", json={"out_refund_no": "h-1"})
    assert (await merchant.get(query)).json()["status"] == "SUCCESS"


async def test_a_closed_number_stays_closed_and_another_one_is_a_new_refund(
    merchant: Merchant,
) -> None:
    await merchant.paid("closed-once")
    rule = {"route": "POST /v3/global/refunds", "kind": "refund_closed", "times": 1}
    await merchant.http.put("/__sandbox/faults", json=[rule])
    first = (await merchant.refund("closed-once", "c-1", 400)).json()
    await advance(merchant, 61)
    query = "/v3/global/refunds/out-refund-no/c-"
    assert (await merchant.refund("closed-once", "c-1", 400)).json() == first
    await advance(merchant, 61)
    assert (await merchant.get(f"{query}1")).json()["status"] == "CLOSED"
    assert (await merchant.refund("closed-once", "c-2", 400)).status_code == 200
    await advance(merchant, 1)
    assert (await merchant.get(f"{query}2")).json()["status"] == "SUCCESS"
    accounts = (await merchant.http.get("/__sandbox/bank/book")).json()["sub_accounts"]
    assert accounts[0]["balance_minor"] == 600


async def test_an_abnormal_refund_keeps_the_money_until_it_is_mended_by_hand(
    merchant: Merchant,
) -> None:
    await merchant.paid("dead-card")
    rule = {"route": "POST /v3/global/refunds", "kind": "refund_abnormal", "times": 1}
    await merchant.http.put("/__sandbox/faults", json=[rule])
    await merchant.refund("dead-card", "d-1", 1000)
    await advance(merchant, 61)
    assert (await merchant.get("/v3/global/refunds/out-refund-no/d-1")).json()["status"] == (
        "ABNORMAL"
    )
    assert refusal(await merchant.refund("dead-card", "d-2", 1000)) == (400, "INVALID_REQUEST")

    end, by_hand = "/__sandbox/wechat/refunds/end", {"out_refund_no": "d-1"}
    closed = await merchant.http.post(end, json=by_hand | {"refund_state": "CLOSED"})
    assert closed.status_code == 409
    assert (await merchant.http.post(end, json=by_hand)).status_code == 200
    assert (await merchant.http.post(end, json=by_hand)).status_code == 409
    assert (await merchant.get("/v3/global/refunds/out-refund-no/d-1")).json()["status"] == (
        "SUCCESS"
    )
    accounts = (await merchant.http.get("/__sandbox/bank/book")).json()["sub_accounts"]
    assert accounts[0]["balance_minor"] == 0


@pytest.mark.parametrize("page", ["offset=-1&count=1", "offset=0&count=0", "offset=x&count=²"])
async def test_a_page_of_refunds_must_make_sense(merchant: Merchant, page: str) -> None:
    await merchant.paid("paged-refunds")
    answer = await merchant.get(
        f"/v3/global/refunds?out_trade_no=paged-refunds&{httpx.QueryParams(page)}"
    )
    assert refusal(answer) == (400, "PARAM_ERROR")
