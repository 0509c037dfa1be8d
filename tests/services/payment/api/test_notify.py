"""Notices: verified before anything else, over the raw bytes, each part of them."""

import base64
import json
from random import Random
from typing import Any

import pytest

from shared.contracts.payment import PaymentCaptured
from tests.services.payment.world import World

HEADERS = ["timestamp", "nonce", "serial", "signature", "signature-type"]


async def paid_plain(world: World) -> dict[str, Any]:
    """A payment as its notice words it; nobody has been told of it yet."""
    placed = await world.place()
    view = await world.begin_paying(placed)
    paid = await world.pay_at_wechat(view["payment_id"])
    return {**paid, "transaction_id": paid["id"]}


async def refused(world: World, headers: dict[str, str], body: bytes) -> None:
    answer = await world.notify(headers, body)
    assert answer.status_code == 400, answer.text
    assert answer.json() == {"code": "FAIL", "message": "refused"}
    assert await world.payment.told(PaymentCaptured) == []


async def test_a_true_notice_is_taken_in_and_its_copies_change_nothing(world: World) -> None:
    plain = await paid_plain(world)
    headers, body = await world.notice(plain)
    for _ in range(3):
        answer = await world.notify(headers, body)
        assert (answer.status_code, answer.content) == (204, b"")
    assert (await world.notify(*await world.notice(plain))).status_code == 204
    assert len(await world.payment.told(PaymentCaptured)) == 1


@pytest.mark.parametrize("part", HEADERS)
async def test_each_header_must_be_there_and_untouched(world: World, part: str) -> None:
    headers, body = await world.notice(await paid_plain(world))
    name = next(name for name in headers if name.lower() == f"wechatpay-{part}")
    without = {key: value for key, value in headers.items() if key != name}
    await refused(world, without, body)
    for wrong in ("", "0", headers[name] + "0", headers[name][:-1], "²", "9" * 40):
        await refused(world, {**without, name: wrong.encode("utf-8").decode("latin-1")}, body)
    assert (await world.notify(headers, body)).status_code == 204


@pytest.mark.parametrize("age_seconds", [301, 86_400, -301])
async def test_a_notice_out_of_time_is_refused(world: World, age_seconds: int) -> None:
    plain = await paid_plain(world)
    await refused(world, *await world.notice(plain, age_seconds=age_seconds))


async def test_another_key_of_the_platform_s_is_not_in_our_mode(world: World) -> None:
    plain = await paid_plain(world)
    await refused(world, *await world.notice(plain, platform_mode="certificate"))


@pytest.mark.parametrize(
    "change",
    [
        {"mchid": "1900000001"},
        {"appid": "wx0000000000000000"},
        {"out_trade_no": "0" * 32},
        {"out_trade_no": "nonsense"},
        {"attach": "another order"},
        {"attach": ""},
        {"trade_state": "NOTPAY"},
        {"amount": {"total": 1, "currency": "HKD"}},
        {"amount": {"total": 100_001, "currency": "HKD"}},
        {"amount": {"total": 100_000, "currency": "CNY"}},
        {"amount": {"total": 100_000, "currency": "XXX"}},
        {"amount": {"total": "100000", "currency": "HKD"}},
        {"amount": {"total": 100_000.0, "currency": "HKD"}},
        {"amount": {"total": True, "currency": "HKD"}},
        {"amount": {"currency": "HKD"}},
        {"amount": None},
        {"success_time": "yesterday"},
        {"success_time": None},
    ],
    ids=str,
)
async def test_signed_words_that_are_not_our_payment_are_refused(
    world: World, change: dict[str, Any]
) -> None:
    plain = await paid_plain(world)
    await refused(world, *await world.notice({**plain, **change}))
    assert (await world.notify(*await world.notice(plain))).status_code == 204


async def test_any_flipped_bit_of_the_body_is_refused(world: World) -> None:
    headers, body = await world.notice(await paid_plain(world))
    draw = Random(7)
    for _ in range(60):
        place = draw.randrange(len(body))
        flipped = bytearray(body)
        flipped[place] ^= 1 << draw.randrange(8)
        await refused(world, headers, bytes(flipped))
    for other in (b"", b"{}", b"null", b"[]", b"\xff", body + b" ", body[:-1]):
        await refused(world, headers, other)


async def test_a_resource_sealed_otherwise_is_refused(world: World) -> None:
    """Signed anew by the platform, but its seal does not open."""
    headers, body = await world.notice(await paid_plain(world))
    envelope = json.loads(body)
    raw = bytearray(base64.b64decode(envelope["resource"]["ciphertext"]))
    raw[0] ^= 1
    for wrong in (base64.b64encode(bytes(raw)).decode(), "!", ""):
        envelope["resource"]["ciphertext"] = wrong
        await refused(world, headers, json.dumps(envelope).encode())


async def test_a_kind_of_notice_we_do_not_know_is_kept_and_changes_nothing(world: World) -> None:
    headers, body = await world.notice({"mchid": "x"}, "MCHTRANSFER.BILL.FINISHED")
    assert (await world.notify(headers, body)).status_code == 204


async def test_a_refund_notice_of_nonsense_is_refused(world: World) -> None:
    plain = {"mchid": "x", "out_refund_no": "y", "refund_status": "SUCCESS"}
    await refused(world, *await world.notice(plain, "REFUND.SUCCESS"))


async def test_a_notice_that_takes_too_long_is_given_up_and_heard_when_it_comes_again(
    hurried: World,
) -> None:
    headers, body = await hurried.notice(await paid_plain(hurried))
    async with hurried.payment.begin() as tx:  # Somebody holds the order's row.
        await tx.run("SELECT FROM payables FOR UPDATE")
        answer = await hurried.notify(headers, body)
        assert (answer.status_code, answer.json()) == (503, {"code": "FAIL", "message": "busy"})
    assert await hurried.payment.told(PaymentCaptured) == []

    assert (await hurried.notify(headers, body)).status_code == 204
    assert len(await hurried.payment.told(PaymentCaptured)) == 1
