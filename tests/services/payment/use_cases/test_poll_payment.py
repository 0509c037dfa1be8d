"""Where the notice is lost, the channel is asked by the plan."""

from uuid import UUID

from services.payment.storage.payments import Payment
from shared.contracts.payment import PaymentCaptured
from tests.services.payment.world import World


async def test_a_lost_notice_is_found_by_asking(world: World) -> None:
    placed = await world.place()
    view = await world.begin_paying(placed)
    await world.pass_time(seconds=6)
    assert await world.payment.told(PaymentCaptured) == []

    await world.pay_at_wechat(view["payment_id"])
    await world.pass_time(seconds=10)
    [told] = await world.payment.told(PaymentCaptured)
    assert told.order_id == placed.order_id


async def test_what_the_channel_closed_is_closed_here_and_another_may_be_begun(
    world: World,
) -> None:
    placed = await world.place()
    view = await world.begin_paying(placed)
    channel = world.payment.wiring.ports["channels"]["wechat"]
    await channel.close(UUID(view["payment_id"]).hex)
    await world.pass_time(seconds=6)

    assert (await world.money(placed))["attempts"][0]["state"] == "closed"
    await world.begin_paying(placed)
    async with world.payment.begin() as tx:
        polls = await tx.run("SELECT ref FROM timers WHERE kind = 'poll_payment'")
    assert [str(row["ref"]) for row in polls] != [view["payment_id"]]


async def test_nobody_is_asked_about_a_captured_attempt(world: World) -> None:
    await world.captured()
    async with world.payment.begin() as tx:
        kinds = [row["kind"] for row in await tx.run("SELECT kind FROM timers")]
    assert kinds == []
    assert Payment.__tablename__ == "payments"
