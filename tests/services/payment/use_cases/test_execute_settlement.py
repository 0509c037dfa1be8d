"""The bank carries a settlement out once, however often it is asked; a refusal is for staff."""

from shared.contracts.payment import Settled
from shared.kit.caller import Role
from shared.kit.ids import new_id
from tests.services.payment.world import World, coupon

INSTRUCT = "POST /bank/v1/instructions"


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
    assert (await world.book(placed))["sub_accounts"][0]["balance_minor"] == 0
    assert "liab:escrow:order:*" not in await world.balances(placed)


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
    await world.accept(placed, world.crew(placed, True))
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

    async with world.payment.begin() as tx:
        sql = (
            "UPDATE settlements SET splits = jsonb_set(splits, '{0,amount_minor}', '50000')"
            " WHERE order_id = $1"
        )
        await tx.run(sql, placed.order_id)
    path = f"/staff/payment/orders/{placed.order_id}/settlement/retry"
    headers = world.payment.headers(new_id(), Role.STAFF)
    answer = await world.payment.http.post(path, json={"reason": "funded"}, headers=headers)
    assert answer.status_code == 200, answer.text
    await world.payment.run_due()
    assert (await world.money(placed))["state"] == "settled"
