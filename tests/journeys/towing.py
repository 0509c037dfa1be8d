"""A car breaks down in Sha Tin: one order from placing to payout, twenty workers around.

The first offer is declined, the second runs out, the third is accepted.
"""

import asyncio
import time
from typing import Any

from tests.journeys.cast import (
    SHA_TIN,
    TAI_PO,
    do_the_work,
    finish_the_work,
    hire,
    offering_of,
    open_offer,
    pay,
)
from tests.journeys.stage import JourneyFailed, Person, Stage, dollars

WORKERS = 20
ESTATE = "Tai Po Centre"
TRUCK = [{"code": "towing", "level": 3}]


async def play(stage: Stage) -> None:
    """Tell it."""
    run = f"{time.time_ns() // 1_000_000 % 10**9:x}"
    staff = await stage.staff()
    crew = await _twenty_workers(stage, staff, run)
    try:
        await _one_order(stage, staff, crew, run)
    finally:  # Or the next journey's offers would go to these.
        for worker in crew:
            await worker.put("/workers/me/presence", {"online": False})


async def _one_order(stage: Stage, staff: Person, crew: list[Person], run: str) -> None:
    user = await stage.person(f"wong-{run}")
    stage.say(f"user {user.name} logged in by WeChat")
    await stage.told("user.registered.v1", user.account_id)
    await stage.told("promotion.pack_issued.v1", user.account_id, "the welcome pack")

    order = await _place(stage, user)
    order_id: str = order["id"]
    await pay(stage, user, order_id)
    captured = await stage.told("payment.captured.v1", order_id)
    stage.say(f"  commission {dollars(captured.body['commission'])}, in escrow")
    await stage.told("order.paid.v1", order_id)
    await _sees(stage, user, order_id, "pending_dispatch")

    lead = await _until_accepted(stage, crew, order_id)
    await stage.told("order.assigned.v1", order_id, lead.name)
    await stage.told("worker.slot_booked.v1", lead.account_id, "calendar held")
    seen = await _sees(stage, user, order_id, "assigned")
    position = seen["visits"][0]["positions"][0]
    stage.say(f"  the user sees {position['worker']['display_name']} coming")

    await do_the_work(stage, lead, order_id, SHA_TIN)
    await finish_the_work(stage, lead, order_id)
    await stage.told("worker.slot_released.v1", lead.account_id, "free after the way back")
    wallet = await lead.get("/wallet")
    stage.say(f"  coming to the wallet: {dollars(wallet['coming_total'][0])}")

    await user.post(f"/orders/{order_id}/accept")
    await stage.told("order.accepted.v1", order_id, "by the user")
    settled = await stage.told("payment.settled.v1", order_id, "the bank has paid")
    net = settled.body["shares"][0]["net"]
    await stage.until(f"the wallet shows {dollars(net)}", lambda: _wallet_holds(lead, net["minor"]))
    await _ledger(stage, staff, order_id)

    await user.post(
        f"/orders/{order_id}/review",
        {"rating": 5, "scores": {"punctual": 5, "skill": 5, "manner": 5}, "text": "Quick."},
    )
    await stage.told("order.reviewed.v1", order_id, "five stars")
    changed = await stage.told("worker.credit_changed.v1", lead.account_id)
    stage.say(f"  credit {changed.body['before']:.1f} → {changed.body['credit']:.1f}")
    await _timeline(stage, user, order_id)
    await _messages(stage, user, order_id)


async def _twenty_workers(stage: Stage, staff: Person, run: str) -> list[Person]:
    """They apply, staff approve them, they go online in a ring around the car."""
    ring = [SHA_TIN.moved(300 + 90 * n, 200 * (n % 5)) for n in range(WORKERS)]
    crew: list[Person] = []
    for start in range(0, WORKERS, 5):
        hired = (
            hire(stage, staff, f"tow-{run}-{n:02d}", ring[n], TRUCK, ["wheel_lift", "flatbed"])
            for n in range(start, start + 5)
        )
        crew += await asyncio.gather(*hired)
    stage.say(f"{len(crew)} workers applied, were approved and are online")
    await stage.told("worker.profile_changed.v1", crew[-1].account_id, "dispatch knows them")
    return crew


async def _place(stage: Stage, user: Person) -> dict[str, Any]:
    offering = await offering_of(user, "towing", "tow_private_car")
    stage.private.add(ESTATE)
    home = await user.post(
        "/me/addresses",
        {
            "point": TAI_PO.point,
            "district": TAI_PO.district,
            "lines": {"estate": ESTATE, "block": "7", "floor": "12", "flat": "F"},
            "label": "home",
        },
    )
    quote = await user.post(
        "/price-quotes",
        {
            "offering_id": offering["id"],
            "starts_at": None,
            "stops": [
                {"kind": "pick_up", "point": SHA_TIN.point, "district": SHA_TIN.district},
                {"kind": "drop_off", "address_id": home["address_id"]},
            ],
            "coupon_ids": [],
        },
    )
    lines = ", ".join(f"{line['code']} {dollars(line['amount'])}" for line in quote["lines"])
    stage.say(f"price quote: {lines}; payable {dollars(quote['payable'])}")
    order: dict[str, Any] = await user.post(
        "/orders", {"quote_id": quote["quote_id"], "hash": quote["hash"]}
    )
    stage.say(f"order {order['number']} placed, to be paid until {order['pay_until']}")
    await stage.told("order.placed.v1", order["id"])
    return order


async def _until_accepted(stage: Stage, crew: list[Person], order_id: str) -> Person:
    """The cascade: the first declines, the second is silent, the third takes it."""
    by_id = {worker.account_id: worker for worker in crew}
    asked: list[str] = []
    for answer in ("decline", "silence", "accept"):
        told = await stage.told("dispatch.offered.v1", order_id, f"to be met with: {answer}")
        worker = by_id[told.body["worker_id"]]
        if worker.account_id in asked:
            raise JourneyFailed(f"{worker.name} was asked twice")
        asked.append(worker.account_id)
        offer = await open_offer(worker, order_id)
        if offer is None:
            raise JourneyFailed(f"{worker.name} does not see the offer")
        place = offer["place"]
        stage.say(
            f"  {worker.name} sees {dollars(offer['net_pay'])} net, {offer['distance_m']} m away,"
            f" in {place['district']} to {place['accuracy_m']} m, {offer['eta_seconds']} s"
        )
        if answer == "decline":
            await worker.post(f"/offers/{offer['id']}/decline", {"reason": "too_far"})
        elif answer == "silence":
            await stage.advance(seconds=20)
            late = await worker.ask(
                "POST", f"/offers/{offer['id']}/accept", {"eta_seconds": 600}, expect=410
            )
            stage.say(f"  too late: {late['type'].rpartition('/')[2]}")
        else:
            taken = await worker.post(f"/offers/{offer['id']}/accept", {"eta_seconds": 600})
            stage.say(f"{worker.name} accepts: offer {taken['state']}")
            await stage.told("dispatch.job_assigned.v1", order_id)
    return by_id[asked[-1]]


async def _sees(stage: Stage, user: Person, order_id: str, state: str) -> dict[str, Any]:
    async def look() -> dict[str, Any] | None:
        order: dict[str, Any] = await user.get(f"/orders/{order_id}")
        return order if order["state"] == state else None

    seen: dict[str, Any] = await stage.until(f"the user sees {state}", look)
    return seen


async def _wallet_holds(worker: Person, minor: int) -> bool:
    wallet = await worker.get("/wallet")
    return any(sum_["minor"] == minor for sum_ in wallet["available"])


async def _ledger(stage: Stage, staff: Person, order_id: str) -> None:
    money = await staff.get(f"/staff/payment/orders/{order_id}")
    for line in money["ledger"]:
        account = line["account"].replace(order_id, "…")
        stage.say(f"  ledger {line['kind']:<9} {account:<46} {dollars(line['amount'])}")
    if money["escrow"]["minor"] != 0:
        raise JourneyFailed(f"escrow still holds {money['escrow']}")
    if sum(line["amount"]["minor"] for line in money["ledger"]) != 0:
        raise JourneyFailed("the order's ledger does not add up to zero")


async def _timeline(stage: Stage, user: Person, order_id: str) -> None:
    timeline = await user.get(f"/orders/{order_id}/timeline")
    steps = [entry["after"] for entry in timeline["entries"]]
    stage.say("timeline: " + " → ".join(steps))
    if steps[-1] != "completed":
        raise JourneyFailed(f"the order ends {steps[-1]}")


async def _messages(stage: Stage, user: Person, order_id: str) -> None:
    async def look() -> list[str]:
        page = await user.get("/me/messages", box="service", limit=50)
        kinds = [message["kind"] for message in page["items"]]
        return kinds if "order.reviewed" in kinds else []

    kinds = await stage.until("the message centre has each step", look)
    stage.say(f"messages: {', '.join(reversed(kinds))}")
