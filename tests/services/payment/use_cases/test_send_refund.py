"""A refund is sent under one number until the channel has answered."""

from shared.contracts.payment import Refunded, RefundFailed
from tests.services.payment.world import World

REFUND = "POST /v3/global/refunds"


async def test_an_answer_dropped_after_executing_refunds_once(world: World) -> None:
    placed, _ = await world.captured()
    await world.fault(REFUND, "drop_after", times=2)
    await world.cancel(placed)
    await world.payment.run_due()
    assert (await world.money(placed))["refunds"][0]["state"] == "requested"
    async with world.payment.begin() as tx:  # The pause goes by the wall clock.
        await tx.run("UPDATE timers SET leased_until = NULL")
    await world.payment.run_due()
    await world.pass_time(minutes=2)

    assert len(await world.payment.told(Refunded)) == 1
    lines = (await world.book(placed))["lines"]
    assert [line["amount_minor"] for line in lines] == [100_000, -100_000]


async def test_a_refusal_of_the_channel_waits_for_staff(world: World) -> None:
    placed, _ = await world.captured()
    await world.cancel(placed)
    async with world.payment.begin() as tx:  # More than was ever paid.
        await tx.run("UPDATE refunds SET amount_minor = 200000")
    await world.payment.run_due()
    [told] = await world.payment.told(RefundFailed)
    assert told.reason == "INVALID_REQUEST"
    assert (await world.money(placed))["refunds"][0]["state"] == "failed"
