"""Notices reach the merchant sealed and signed, on the retry table, and astray when told to."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.sandbox.app import Sandbox
from deploy.sandbox.keys import CERTIFICATE, make
from deploy.sandbox.notices import RETRY_SECONDS
from tests.deploy.sandbox.world import URL, Listener, Merchant, oracle


def opened(merchant: Merchant, came: tuple[dict[str, str], bytes]) -> dict[str, Any] | None:
    """A notice as the library verifies and opens it; None if it does not."""
    headers, body = came
    notice: dict[str, Any] | None = oracle(merchant.home, "http://nowhere").callback(headers, body)
    return notice


async def advance(merchant: Merchant, seconds: float) -> None:
    """Move the clock on, the merchant's too."""
    answer = await merchant.http.post("/__sandbox/clock/advance", json={"seconds": seconds})
    merchant.offset = answer.json()["offset_seconds"]


async def switch(merchant: Merchant, **rule: Any) -> None:
    """Put one fault in force."""
    answer = await merchant.http.put("/__sandbox/faults", json=[rule])
    assert answer.status_code == 200, answer.text


async def notices(merchant: Merchant, number: str) -> list[dict[str, Any]]:
    """What became of the notices of an order."""
    answer = await merchant.http.get("/__sandbox/wechat/notices", params={"out_trade_no": number})
    listed: list[dict[str, Any]] = answer.json()["notices"]
    return listed


async def ended(merchant: Merchant, number: str, mail_state: str) -> None:
    """Wait until the first notice of an order is in a state."""
    await until(merchant, number, lambda notice: notice["mail_state"] == mail_state)


async def tried(merchant: Merchant, number: str, attempts: int) -> None:
    """Wait until so many tries of an order's first notice are written down."""
    await until(merchant, number, lambda notice: notice["attempts"] == attempts)


async def until(merchant: Merchant, number: str, true: Callable[[dict[str, Any]], bool]) -> None:
    """Wait until something is true of an order's first notice."""
    async with asyncio.timeout(5):
        while True:
            if true((await notices(merchant, number))[0]):
                return
            await asyncio.sleep(0.02)


async def test_a_payment_is_told_once_in_words_the_library_opens(
    merchant: Merchant, listener: Listener
) -> None:
    view = await merchant.paid("told-once", 4321, notify_url=listener.url)
    await listener.until(1)
    notice = opened(merchant, listener.came[0])
    assert notice is not None
    assert notice["event_type"] == "TRANSACTION.SUCCESS"
    plain = notice["resource"]
    assert plain["transaction_id"] == view["id"]
    assert plain["out_trade_no"] == "told-once"
    assert (plain["mchid"], plain["appid"]) == (merchant.known["mchid"], merchant.known["appid"])
    assert (plain["amount"]["total"], plain["amount"]["currency"]) == (4321, "HKD")
    assert plain["attach"] == "order-told-once"
    await ended(merchant, "told-once", "DELIVERED")
    await advance(merchant, 86_400)
    await asyncio.sleep(0.1)
    assert len(listener.came) == 1


async def test_a_refused_notice_comes_again_on_the_table_and_then_never(
    merchant: Merchant, listener: Listener
) -> None:
    listener.answers = [500] * 100
    await merchant.paid("on-the-table", notify_url=listener.url)
    await listener.until(1)
    for number, seconds in enumerate(RETRY_SECONDS, 2):
        await tried(merchant, "on-the-table", number - 1)
        await advance(merchant, seconds - 5)
        assert len(listener.came) == number - 1
        await advance(merchant, 5)
        await listener.until(number)
    await ended(merchant, "on-the-table", "GIVEN_UP")
    assert sum(RETRY_SECONDS) == 24 * 3600 + 4 * 60
    bodies = {body for _, body in listener.came}
    assert len(bodies) == 1, "each try tells the same notice"
    signatures = {headers["Wechatpay-Signature"] for headers, _ in listener.came}
    assert len(signatures) == len(listener.came), "each try is signed afresh"


async def test_a_refund_is_told_when_it_ends(merchant: Merchant, listener: Listener) -> None:
    await merchant.paid("refund-told", notify_url=listener.url)
    await listener.until(1)
    await merchant.refund("refund-told", "rt-1", 250, notify_url=listener.url)
    await listener.until(2)
    notice = opened(merchant, listener.came[1])
    assert notice is not None
    assert notice["event_type"] == "REFUND.SUCCESS"
    plain = notice["resource"]
    assert (plain["out_refund_no"], plain["refund_status"]) == ("rt-1", "SUCCESS")
    assert (plain["amount"]["refund"], plain["amount"]["total"]) == (250, 1000)


@pytest.mark.parametrize(
    "route", ["", "NOTIFY", "NOTIFY TRANSACTION.SUCCESS", "POST /v3/global/transactions"]
)
async def test_a_lost_notice_never_comes_but_the_trade_is_paid(
    merchant: Merchant, listener: Listener, route: str
) -> None:
    await switch(merchant, route=route, kind="lose_notify", times=1)
    await merchant.paid("lost-one", notify_url=listener.url)
    await ended(merchant, "lost-one", "LOST")
    await advance(merchant, 86_400)
    assert listener.came == []
    found = await merchant.get("/v3/global/transactions/out-trade-no/lost-one")
    assert found.json()["trade_state"] == "SUCCESS"
    again = await merchant.http.post("/__sandbox/wechat/resend", json={"out_trade_no": "lost-one"})
    assert again.json() == {"notices": 1}
    await listener.until(1)


async def test_a_notice_can_come_twice(merchant: Merchant, listener: Listener) -> None:
    await switch(merchant, kind="duplicate_notify", times=1)
    await merchant.paid("come-twice", notify_url=listener.url)
    await listener.until(2)
    (_, first), (_, second) = listener.came
    assert first == second


async def test_a_refund_can_be_told_before_its_payment(
    merchant: Merchant, listener: Listener
) -> None:
    route = "NOTIFY TRANSACTION"
    await switch(merchant, route=route, kind="reorder_notify", times=1, seconds=600)
    await merchant.paid("out-of-order", notify_url=listener.url)
    await ended(merchant, "out-of-order", "HELD")
    await merchant.refund("out-of-order", "oo-1", 10, notify_url=listener.url)
    await listener.until(2)
    told = [json.loads(body)["event_type"] for _, body in listener.came]
    assert told == ["REFUND.SUCCESS", "TRANSACTION.SUCCESS"]


async def test_a_wrongly_signed_try_does_not_verify_and_the_next_does(
    merchant: Merchant, listener: Listener
) -> None:
    listener.answers = [401]
    await switch(merchant, route="NOTIFY", kind="wrong_signature", times=1)
    await merchant.paid("wrong-sign", notify_url=listener.url)
    await listener.until(1)
    assert opened(merchant, listener.came[0]) is None
    await ended(merchant, "wrong-sign", "WAITING")
    await advance(merchant, 16)
    await listener.until(2)
    assert opened(merchant, listener.came[1]) is not None


async def test_a_probe_precedes_the_notice_and_its_answer_is_kept(
    merchant: Merchant, listener: Listener
) -> None:
    listener.answers = [401, 204]
    await switch(merchant, route="NOTIFY", kind="signtest", times=1)
    await merchant.paid("with-probe", notify_url=listener.url)
    await listener.until(2)
    assert listener.came[0][0]["Wechatpay-Signature"].startswith("WECHATPAY/SIGNTEST/")
    assert opened(merchant, listener.came[0]) is None
    assert opened(merchant, listener.came[1]) is not None
    await ended(merchant, "with-probe", "DELIVERED")
    (notice,) = await notices(merchant, "with-probe")
    assert [probe["http_status"] for probe in notice["probe_answers"]] == [401]


async def test_any_facts_can_be_sealed_and_signed_for_tests_that_lie(merchant: Merchant) -> None:
    plain = {"mchid": "1900000001", "amount": {"total": 1}}
    made = await merchant.http.post("/__sandbox/wechat/forge", json={"plain": plain})
    forged = made.json()
    notice = opened(merchant, (forged["headers"], forged["body"].encode()))
    assert notice is not None
    assert notice["resource"] == plain


async def test_a_platform_in_certificate_mode_signs_with_its_certificate(
    tmp_path: Path, listener: Listener
) -> None:
    assert make(tmp_path, CERTIFICATE)
    sandbox = Sandbox(tmp_path)
    transport = httpx.ASGITransport(app=sandbox.app)
    async with (
        sandbox.routes.router.lifespan_context(sandbox.routes),
        httpx.AsyncClient(transport=transport, base_url=URL) as http,
    ):
        merchant = Merchant(tmp_path, http)
        merchant.platform_key = sandbox.keys.certificate.public_key()
        await merchant.paid("certified", notify_url=listener.url)
        await listener.until(1)
    headers, body = listener.came[0]
    assert headers["Wechatpay-Serial"] == sandbox.keys.certificate_serial
    client = oracle(tmp_path, "http://nowhere")
    client._core._certificates = [sandbox.keys.certificate]
    assert client.callback(headers, body)["event_type"] == "TRANSACTION.SUCCESS"
