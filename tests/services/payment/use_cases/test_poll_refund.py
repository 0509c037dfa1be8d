"""Where a refund's notice is lost, the channel is asked by the plan."""

from shared.contracts.payment import Refunded
from tests.services.payment.world import World

REFUND = "POST /v3/global/refunds"


async def test_a_refund_under_way_is_asked_for_until_it_ends(world: World) -> None:
    placed, _ = await world.captured()
    await world.fault(REFUND, "refund_processing", times=1)
    await world.cancel(placed)
    await world.payment.run_due()
    await world.pass_time(minutes=3)
    refund = (await world.money(placed))["refunds"][0]
    assert refund["state"] == "sent"

    body = {"out_refund_no": refund["id"].replace("-", "")}
    (await world.sandbox.post("/__sandbox/wechat/refunds/end", json=body)).raise_for_status()
    await world.pass_time(minutes=1)
    assert len(await world.payment.told(Refunded)) == 1
