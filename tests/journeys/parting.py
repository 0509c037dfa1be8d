"""What goes wrong and is put right: an order nobody pays, then one whose worker leaves.

Nobody else is near: the search escalates, a day later the order ends and the money goes back.
"""

import asyncio
import time
from datetime import timedelta
from typing import Any

from tests.journeys.cast import SHA_TIN, hire, pay
from tests.journeys.cleaning import BROOM, both_accept, place, sleep_until
from tests.journeys.stage import JourneyFailed, Person, Stage, dollars


async def play(stage: Stage) -> None:
    """Tell it."""
    run = f"{time.time_ns() // 1_000_000 % 10**9:x}"
    staff = await stage.staff()
    names = [f"part-{run}-{n}" for n in range(2)]
    crew = await asyncio.gather(*(hire(stage, staff, name, SHA_TIN, BROOM, []) for name in names))
    stage.say("two cleaners are online, and nobody else")
    user = await stage.person(f"ho-{run}")
    await stage.told("promotion.pack_issued.v1", user.account_id, "the welcome pack")
    try:
        await _nobody_pays(stage, user)
        await _a_worker_leaves(stage, user, list(crew))
    finally:
        for worker in crew:
            await worker.put("/workers/me/presence", {"online": False})


async def _nobody_pays(stage: Stage, user: Person) -> None:
    order, _ = await place(stage, user)
    await stage.advance(minutes=16)
    await stage.told("payment.unpaid.v1", order["id"])
    await stage.told("order.cancelled.v1", order["id"], "the time to pay is over")
    await stage.told("promotion.released.v1", order["id"], "the coupon is free again")


async def _a_worker_leaves(stage: Stage, user: Person, crew: list[Person]) -> None:
    order, starts_at = await place(stage, user)
    order_id: str = order["id"]
    await pay(stage, user, order_id)
    await stage.told("order.paid.v1", order_id)
    await stage.told("promotion.redeemed.v1", order_id, "the coupon is used up")
    lead, second = await both_accept(stage, crew, order_id)
    await stage.told("order.assigned.v1", order_id, f"{lead.name} leads, {second.name} helps")

    await lead.post(f"/jobs/{order_id}/cancel", {"reason": "The van broke down."})
    await stage.told("order.released.v1", order_id, f"{lead.name} leaves")
    await stage.told("worker.slot_released.v1", lead.account_id, "their calendar is free")
    fell = await stage.told("worker.credit_changed.v1", lead.account_id)
    stage.say(f"  credit {fell.body['before']:.1f} → {fell.body['credit']:.1f}")

    await sleep_until(stage, starts_at - timedelta(hours=2) + timedelta(minutes=1))
    await stage.told("dispatch.escalated.v1", order_id, "nobody was found in time")
    await stage.advance(hours=24, minutes=1)
    await stage.told("order.cancelled.v1", order_id, "a day without a word of the user's")
    await stage.told("worker.slot_released.v1", second.account_id, f"{second.name} is free")
    refunded = await stage.told("payment.refunded.v1", order_id)
    await stage.told("promotion.returned.v1", order_id, "the coupon is back")
    await _all_of_it(stage, user, order, refunded.body["amount"])


async def _all_of_it(
    stage: Stage, user: Person, order: dict[str, Any], amount: dict[str, Any]
) -> None:
    if amount != order["payable"]:
        raise JourneyFailed(f"{amount} of {order['payable']} came back")

    async def look() -> bool:
        seen = await user.get(f"/orders/{order['id']}")
        return bool(seen["refunded"] == amount and seen["state"] == "cancelled")

    await stage.until(f"the user has {dollars(amount)} back", look)
