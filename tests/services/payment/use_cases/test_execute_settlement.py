"""The bank carries a settlement out once, however often it is asked; a refusal is for staff."""

import asyncio
from uuid import UUID

import pytest

from services.payment.clients.escrow_bank import EscrowBank
from services.payment.clients.outside import Outside
from services.payment.use_cases.execute_settlement import execute_settlement
from shared.contracts.order import OrderPlaced
from shared.contracts.payment import Settled
from shared.kit.caller import Role
from shared.kit.ids import new_id
from tests.services.payment.world import World, coupon
from tests.support.sandbox import Sandbox

INSTRUCT, TOP_UP = "POST /bank/v1/instructions", "POST /bank/v1/top-ups"


async def test_the_bank_pays_workers_and_platform(world: World) -> None:
    placed, _ = await world.captured(100_000, weights=(1, 1))
    crew = world.crew(placed, True, True)
    await world.accept(placed, crew)
    await world.payment.run_due()

    book = await world.book(placed)
    paid = {line["account"]: line["amount_minor"] for line in book["lines"] if line["account"]}
    assert paid == {
        f"worker:{crew[0].worker_id}": -44_000,
        f"worker:{crew[1].worker_id}": -44_000,
        "commission": -12_000,
    }
    assert book["sub_accounts"][0]["balance_minor"] == 0


async def test_an_answer_dropped_after_executing_is_asked_for_again(world: World) -> None:
    placed, _ = await world.captured()
    await world.fault(INSTRUCT, "drop_after", times=1)
    await world.accept(placed, world.crew(placed, True))
    await world.payment.run_due()
    assert await world.payment.told(Settled) == []
    async with world.payment.begin() as tx:  # The pause goes by the wall clock.
        await tx.run("UPDATE timers SET leased_until = NULL")
    await world.payment.run_due()

    assert len(await world.payment.told(Settled)) == 1
    lines = (await world.book(placed))["lines"]
    assert sorted(line["amount_minor"] for line in lines) == [-88_000, -12_000, 100_000]


async def test_a_discount_larger_than_the_commission_still_pays_the_worker(world: World) -> None:
    placed, _ = await world.captured(100_000, coupon(40_000))
    crew = world.crew(placed, True)
    await world.accept(placed, crew)
    await world.payment.run_due()

    [told] = await world.payment.told(Settled)
    assert told.shares[0].net.minor == 88_000
    assert await lines_of(world, placed) == [
        ("capture", None, 60_000),
        ("top_up", "operating", 40_000),
        ("split", f"worker:{crew[0].worker_id}", -88_000),
        ("split", "commission", -12_000),
    ]
    assert (await world.book(placed))["sub_accounts"][0]["balance_minor"] == 0
    assert "liab:escrow:order:*" not in await world.balances(placed)
    settled = (await world.money(placed))["settlement"]
    assert settled["top_up"]["minor"] == 40_000
    assert settled["topped_up_at"] <= settled["executed_at"]


async def test_workers_of_an_order_that_nobody_paid_for_are_paid_by_the_bank(world: World) -> None:
    placed = await world.place(50_000, coupon(50_000))
    crew = world.crew(placed, True)
    await world.accept(placed, crew)
    await world.payment.run_due()
    assert await lines_of(world, placed) == [
        ("top_up", "operating", 50_000),
        ("split", f"worker:{crew[0].worker_id}", -44_000),
        ("split", "commission", -6_000),
    ]


async def test_what_goes_back_to_the_promotion_is_never_paid_in(world: World) -> None:
    placed, _ = await world.captured(100_000, coupon(10_000), weights=(1, 1))
    await world.accept(placed, world.crew(placed, True, False))
    await world.payment.run_due()
    lines = await lines_of(world, placed)
    assert ("top_up", "operating", 5_000) in lines
    assert (await world.book(placed))["sub_accounts"][0]["balance_minor"] == 0


@pytest.mark.parametrize("route", [INSTRUCT, TOP_UP])
@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "error_after", "wrong_signature"])
async def test_wherever_the_bank_falls_silent_the_platform_tops_up_once(
    world: World, route: str, kind: str
) -> None:
    placed, _ = await world.captured(100_000, coupon(40_000))
    await world.fault(route, kind, times=1)
    await world.accept(placed, world.crew(placed, True))
    await world.payment.run_due()
    assert await world.payment.told(Settled) == []
    async with world.payment.begin() as tx:  # The pause goes by the wall clock.
        await tx.run("UPDATE timers SET leased_until = NULL")
    await world.payment.run_due()

    assert len(await world.payment.told(Settled)) == 1
    amounts = [minor for _, _, minor in await lines_of(world, placed)]
    assert amounts == [60_000, 40_000, -88_000, -12_000]


async def test_carried_out_from_many_sides_at_once_it_is_one(
    world: World, sandbox: Sandbox
) -> None:
    kit = world.payment.kit
    bank = EscrowBank(Outside(kit.http, sandbox.url, 4), sandbox.credentials, world.payment.clock)
    placed, _ = await world.captured(100_000, coupon(40_000))
    await world.accept(placed, world.crew(placed, True))
    id = UUID((await world.money(placed))["settlement"]["id"])
    await asyncio.gather(*(execute_settlement(kit.begin, bank, id) for _ in range(6)))

    assert len(await world.payment.told(Settled)) == 1
    amounts = [minor for _, _, minor in await lines_of(world, placed)]
    assert amounts == [60_000, 40_000, -88_000, -12_000]


async def test_a_refused_top_up_waits_for_staff_and_nobody_is_paid_short(world: World) -> None:
    placed, _ = await world.captured(100_000, coupon(40_000))
    await world.accept(placed, world.crew(placed, True))
    change = "UPDATE settlements SET top_up_minor = $2 WHERE order_id = $1"
    async with world.payment.begin() as tx:  # More than the platform's account holds.
        await tx.run(change, placed.order_id, 10_000_000_000)
    await world.payment.run_due()
    money = await world.money(placed)
    assert money["settlement"]["state"] == "refused"
    assert money["settlement"]["problem"] == "insufficient_funds"
    assert [kind for kind, _, _ in await lines_of(world, placed)] == ["capture"]

    async with world.payment.begin() as tx:
        await tx.run(change, placed.order_id, 40_000)
    await retry(world, placed)
    assert (await world.book(placed))["sub_accounts"][0]["balance_minor"] == 0


async def test_a_refusal_waits_for_staff_who_try_again(world: World) -> None:
    placed, _ = await world.captured()
    view = (await world.money(placed))["attempts"][0]
    # The bank's sub-account is emptied behind our back.
    refund = {
        "out_refund_no": new_id().hex,
        "refund_id": "x",
        "amount": view["amount"]["minor"],
    }
    assert refund["amount"] == 100_000
    async with world.payment.begin() as tx:
        sql = "UPDATE pay_shares SET net_minor = net_minor * 2 WHERE order_id = $1"
        await tx.run(sql, placed.order_id)
    [member] = crew = world.crew(placed, True)
    await world.assign(placed, crew)
    await world.accept(placed, crew)
    async with world.payment.begin() as tx:
        sql = (
            "UPDATE settlements SET splits = jsonb_set(splits, '{0,amount_minor}', '999999')"
            " WHERE order_id = $1"
        )
        await tx.run(sql, placed.order_id)
    await world.payment.run_due()
    money = await world.money(placed)
    assert money["settlement"]["state"] == "refused"
    assert money["settlement"]["problem"] == "insufficient_funds"
    assert money["escrow"]["minor"] == 100_000
    assert len(await world.coming(member.worker_id)) == 1

    async with world.payment.begin() as tx:
        sql = (
            "UPDATE settlements SET splits = jsonb_set(splits, '{0,amount_minor}', '50000')"
            " WHERE order_id = $1"
        )
        await tx.run(sql, placed.order_id)
    await retry(world, placed)
    assert (await world.money(placed))["state"] == "settled"
    assert await world.coming(member.worker_id) == []


async def retry(world: World, placed: OrderPlaced) -> None:
    """Staff have mended the cause."""
    path = f"/staff/payment/orders/{placed.order_id}/settlement/retry"
    headers = world.payment.headers(new_id(), Role.STAFF)
    answer = await world.payment.http.post(path, json={"reason": "funded"}, headers=headers)
    assert answer.status_code == 200, answer.text
    await world.payment.run_due()


async def lines_of(world: World, placed: OrderPlaced) -> list[tuple[str, str | None, int]]:
    """The bank's lines about the order: what for, to or from whom, how much."""
    lines = (await world.book(placed))["lines"]
    return [(line["kind"], line["account"], line["amount_minor"]) for line in lines]
