"""An accepted order is divided once."""

from shared.contracts.payment import Settled
from tests.services.payment.world import World


async def test_acceptance_told_twice_settles_once(world: World) -> None:
    placed, _ = await world.captured()
    crew = world.crew(placed, True)
    await world.accept(placed, crew)
    money = await world.money(placed)
    assert (money["state"], money["settlement"]["state"]) == ("settling", "requested")
    await world.payment.run_due()
    assert len(await world.payment.told(Settled)) == 1


async def test_an_order_that_was_never_captured_is_not_settled(world: World) -> None:
    placed = await world.place()
    await world.accept(placed, world.crew(placed, True))
    await world.payment.run_due()
    assert (await world.money(placed))["settlement"] is None
    assert await world.payment.told(Settled) == []


async def test_after_a_partial_refund_pay_and_commission_shrink_alike(world: World) -> None:
    placed, _ = await world.captured(100_000)
    headers = world.payment.headers(world.order().user_id, "staff")  # type: ignore[arg-type]
    body = {"order_id": str(placed.order_id), "amount_minor": 50_000, "reason": "half done"}
    path = "/staff/payment/refunds"
    answer = await world.payment.http.post(path, json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    await world.payment.run_due()
    await world.accept(placed, world.crew(placed, True))
    await world.payment.run_due()

    [told] = await world.payment.told(Settled)
    assert told.commission.minor == 6_000
    assert told.shares[0].net.minor == 44_000
