"""Staff try a stuck refund again: one refund reaches the user, whatever the channel had made of it.

WeChat keeps a closed number closed, so what it closed goes out under another; what it never took
keeps its number; what it holds for a dead card is mended in its console and asked about.
"""

import asyncio
import json
from typing import Any
from uuid import UUID

from services.payment.use_cases.retry_refund import retry_refund
from services.payment.use_cases.send_refund import send_refund
from shared.contracts.ids import RefundId
from shared.contracts.order import OrderPlaced
from shared.contracts.payment import Refunded, RefundFailed
from shared.kit.caller import Caller, Role
from shared.kit.ids import new_id
from shared.kit.states import MoveRefused
from tests.services.payment.world import World
from tests.support.sandbox import Sandbox
from tests.support.service import as_json

STAFF = Caller(new_id(), Role.STAFF)
REFUND = "POST /v3/global/refunds"


async def stuck(world: World, kind: str) -> tuple[OrderPlaced, dict[str, Any]]:
    """A cancelled order whose refund the channel did not bring to a good end."""
    placed, _ = await world.captured()
    await world.fault(REFUND, kind, times=1)
    await world.cancel(placed)
    await world.payment.run_due()
    await world.pass_time(minutes=2)
    return placed, await only_refund(world, placed)


async def only_refund(world: World, placed: OrderPlaced) -> dict[str, Any]:
    [refund] = (await world.money(placed))["refunds"]
    assert isinstance(refund, dict)
    return refund


async def retry(world: World, refund: dict[str, Any]) -> None:
    path = f"/staff/payment/refunds/{refund['id']}/retry"
    headers = world.payment.headers(new_id(), Role.STAFF)
    answer = await world.payment.http.post(path, json={"reason": "mended"}, headers=headers)
    assert as_json(answer)["state"] == "requested"


async def moved(world: World, placed: OrderPlaced) -> list[int]:
    """What came to and left the order's sub-account at the bank."""
    return [line["amount_minor"] for line in (await world.book(placed))["lines"]]


async def ends(world: World, refund: dict[str, Any]) -> list[tuple[str, str]]:
    """The channel's own refunds of the payment."""
    number = refund["payment_id"].replace("-", "")
    path = f"/__sandbox/wechat/book?out_trade_no={number}"
    refunds = as_json(await world.sandbox.get(path))["refunds"]
    return [(line["out_refund_no"], line["refund_state"]) for line in refunds]


async def test_a_failed_refund_succeeds_when_tried_again(world: World) -> None:
    placed, _ = await world.captured()
    await world.cancel(placed)
    async with world.payment.begin() as tx:
        await tx.run("UPDATE refunds SET amount_minor = 200000")
    await world.payment.run_due()
    async with world.payment.begin() as tx:
        await tx.run("UPDATE refunds SET amount_minor = 100000")
    id = RefundId(UUID((await only_refund(world, placed))["id"]))

    async def retry() -> bool:
        try:
            async with world.payment.begin() as tx:
                await retry_refund(tx, STAFF, id, "amount mended")
        except MoveRefused:
            return False
        return True

    assert sum(await asyncio.gather(*(retry() for _ in range(5)))) == 1
    await world.payment.run_due()
    await world.pass_time(minutes=2)
    assert len(await world.payment.told(Refunded)) == 1
    assert (await only_refund(world, placed))["channel_number"] == id.hex  # It was never taken.


async def test_what_the_channel_closed_is_refunded_under_another_number(world: World) -> None:
    placed, refund = await stuck(world, "refund_closed")
    assert (refund["state"], refund["problem"]) == ("failed", "closed")

    await retry(world, refund)
    await world.payment.run_due()
    await world.pass_time(minutes=2)

    [told] = await world.payment.told(Refunded)
    assert (told.amount.minor, told.full) == (100_000, True)
    ended = await only_refund(world, placed)
    number = refund["channel_number"]
    assert (ended["state"], ended["channel_number"]) == ("succeeded", f"{number}-2")
    assert await ends(world, refund) == [(number, "CLOSED"), (f"{number}-2", "SUCCESS")]
    assert await moved(world, placed) == [100_000, -100_000, 100_000, -100_000]
    assert await world.balances(placed) == {}


async def test_closed_time_and_again_it_is_one_refund_in_the_end(world: World) -> None:
    placed, refund = await stuck(world, "refund_closed")
    for _ in range(2):
        await world.fault(REFUND, "refund_closed", times=1)
        await retry(world, refund)
        await world.payment.run_due()
        await world.pass_time(minutes=2)
    assert len(await world.payment.told(RefundFailed)) == 3
    await retry(world, refund)
    await world.payment.run_due()
    await world.pass_time(minutes=2)

    assert len(await world.payment.told(Refunded)) == 1
    assert [end for _, end in await ends(world, refund)] == ["CLOSED"] * 3 + ["SUCCESS"]
    assert sum(await moved(world, placed)) == 0


async def test_an_old_number_s_notice_changes_nothing(world: World, sandbox: Sandbox) -> None:
    placed, refund = await stuck(world, "refund_closed")
    mchid = json.loads((sandbox.credentials / "wechat_pay.json").read_text())["mchid"]
    plain = told_of(refund, mchid)
    await retry(world, refund)
    await world.fault(REFUND, "refund_processing", times=1)
    await world.payment.run_due()
    for status in ("CLOSED", "SUCCESS"):
        notice = await world.notice({**plain, "refund_status": status}, f"REFUND.{status}")
        assert (await world.notify(*notice)).status_code == 204
    assert (await only_refund(world, placed))["state"] == "sent"
    assert await world.payment.told(Refunded) == []

    for number in ("-3", "-02", "-2x", "-", ""):  # Those were never used, or are no numbers.
        lie = plain["out_refund_no"][: None if number else -1] + number
        notice = await world.notice({**plain, "out_refund_no": lie}, "REFUND.SUCCESS")
        assert (await world.notify(*notice)).status_code == 400
    new = {**plain, "out_refund_no": f"{plain['out_refund_no']}-2", "refund_status": "SUCCESS"}
    notice = await world.notice(new, "REFUND.SUCCESS")
    assert (await world.notify(*notice)).status_code == 204
    assert len(await world.payment.told(Refunded)) == 1


def told_of(refund: dict[str, Any], mchid: str) -> dict[str, Any]:
    """The refund's end as a notice words it."""
    return {
        "mchid": mchid,
        "out_trade_no": refund["payment_id"].replace("-", ""),
        "out_refund_no": refund["channel_number"],
        "refund_id": refund["channel_refund_id"],
        "refund_status": "SUCCESS",
        "amount": {"total": 100_000, "refund": 100_000, "currency": "HKD"},
    }


async def test_an_answer_lost_under_the_new_number_is_asked_for_again(world: World) -> None:
    placed, refund = await stuck(world, "refund_closed")
    await retry(world, refund)
    await world.fault(REFUND, "drop_after", times=2)
    await world.payment.run_due()
    assert (await only_refund(world, placed))["state"] == "requested"
    async with world.payment.begin() as tx:  # The pause goes by the wall clock.
        await tx.run("UPDATE timers SET leased_until = NULL")
    await world.payment.run_due()
    await world.pass_time(minutes=2)

    assert len(await world.payment.told(Refunded)) == 1
    assert [end for _, end in await ends(world, refund)] == ["CLOSED", "SUCCESS"]


async def test_sent_from_many_sides_at_once_it_goes_out_under_one_number(world: World) -> None:
    placed, refund = await stuck(world, "refund_closed")
    await retry(world, refund)
    channels = world.payment.wiring.ports["channels"]
    id = RefundId(UUID(refund["id"]))
    await asyncio.gather(*(send_refund(world.payment.begin, channels, id) for _ in range(5)))
    await world.pass_time(minutes=2)

    assert len(await world.payment.told(Refunded)) == 1
    assert (await only_refund(world, placed))["tries"] == 2
    assert [end for _, end in await ends(world, refund)] == ["CLOSED", "SUCCESS"]


async def test_an_abnormal_refund_ends_once_staff_have_mended_it_at_the_channel(
    world: World,
) -> None:
    placed, refund = await stuck(world, "refund_abnormal")
    await retry(world, refund)
    await world.payment.run_due()  # Nobody has mended anything: it is where it was.
    assert (await only_refund(world, placed))["state"] == "abnormal"
    assert await moved(world, placed) == [100_000, -100_000]

    by_hand = {"out_refund_no": refund["channel_number"]}
    (await world.sandbox.post("/__sandbox/wechat/refunds/end", json=by_hand)).raise_for_status()
    await retry(world, refund)
    await world.payment.run_due()
    await world.pass_time(minutes=2)

    assert len(await world.payment.told(Refunded)) == 1
    ended = await only_refund(world, placed)
    assert (ended["state"], ended["tries"]) == ("succeeded", 1)
    assert await ends(world, refund) == [(refund["channel_number"], "SUCCESS")]
    assert await moved(world, placed) == [100_000, -100_000]
    assert await world.balances(placed) == {}
