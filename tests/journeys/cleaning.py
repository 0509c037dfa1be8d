"""A flat in Sha Tin, tomorrow at ten: two cleaners, a first-order coupon, an address to the door.

Nobody accepts the work and nobody reviews it: time does.
"""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.journeys.cast import (
    SHA_TIN,
    do_the_work,
    finish_the_work,
    hire,
    offering_of,
    open_offer,
    pay,
)
from tests.journeys.stage import JourneyFailed, Person, Stage, dollars

CLEANERS = 5
BROOM = [{"code": "cleaning", "level": 3}]
HONG_KONG = ZoneInfo("Asia/Hong_Kong")
HOME = {"estate": "City One Shatin", "block": "23", "floor": "17", "flat": "C"}


async def play(stage: Stage) -> None:
    """Tell it."""
    run = f"{time.time_ns() // 1_000_000 % 10**9:x}"
    staff = await stage.staff()
    places = [SHA_TIN.moved(250 * n, -180 * n) for n in range(CLEANERS)]
    names = [f"clean-{run}-{n}" for n in range(CLEANERS)]
    crew = await asyncio.gather(
        *(hire(stage, staff, name, at, BROOM, []) for name, at in zip(names, places, strict=True))
    )
    stage.say(f"{len(crew)} cleaners applied, were approved and are online")
    try:
        await _one_order(stage, staff, list(crew), run)
    finally:
        for worker in crew:
            await worker.put("/workers/me/presence", {"online": False})


async def _one_order(stage: Stage, staff: Person, crew: list[Person], run: str) -> None:
    user = await stage.person(f"lam-{run}", phone=f"+85261{time.time_ns() // 1_000_000 % 10**6:06}")
    stage.say(f"user {user.name} logged in by phone")
    await stage.told("promotion.pack_issued.v1", user.account_id, "the welcome pack")
    order, starts_at = await place(stage, user)
    order_id: str = order["id"]
    await pay(stage, user, order_id)
    captured = await stage.told("payment.captured.v1", order_id)
    await stage.told("order.paid.v1", order_id)
    await stage.told("promotion.redeemed.v1", order_id, "the coupon is used up")

    lead, second = await both_accept(stage, crew, order_id)
    await stage.told("order.assigned.v1", order_id, f"{lead.name} leads, {second.name} helps")
    await _to_the_door(stage, lead, order_id, shown=True)

    await sleep_until(stage, starts_at - timedelta(minutes=20))
    await do_the_work(stage, lead, order_id, SHA_TIN)
    checked = await second.post(f"/jobs/{order_id}/check-in", SHA_TIN.point | {"accuracy_m": 20.0})
    stage.say(f"{second.name} checked in by {checked['arrived_by']}")
    await stage.advance(hours=4)
    await finish_the_work(stage, lead, order_id)

    await stage.advance(hours=49)
    accepted = await stage.told("order.accepted.v1", order_id, "by silence, after 48 hours")
    if not accepted.body["automatic"]:
        raise JourneyFailed("somebody accepted what nobody did")
    await _paid_out(stage, staff, order_id, captured.body, [lead, second])
    await _to_the_door(stage, lead, order_id, shown=False)

    await stage.advance(days=15, hours=1)
    await stage.told("order.completed_unreviewed.v1", order_id, "no rating is made up")
    seen = await user.get(f"/orders/{order_id}")
    stage.say(f"the order is {seen['state']}")


async def place(stage: Stage, user: Person) -> tuple[dict[str, Any], datetime]:
    """Order two cleaners for tomorrow at ten with a coupon; the order, and when they come."""
    offering = await offering_of(user, "cleaning", "crew_deep_cleaning")
    home = await user.post(
        "/me/addresses",
        {"point": SHA_TIN.point, "district": SHA_TIN.district, "lines": HOME, "label": "home"},
    )
    await user.put(f"/me/addresses/{home['address_id']}/default", {})
    shown = (await user.get("/me/addresses"))["items"][0]["lines"]
    stage.private.add(HOME["estate"])
    stage.say(f"the address book shows {shown}")
    starts_at = await _tomorrow_at_ten(stage)
    quote = await user.post(
        "/price-quotes",
        {
            "offering_id": offering["id"],
            "options": {"quantity": offering["price"]["quantity_min"]},
            "starts_at": starts_at.isoformat(),
            "stops": [{"kind": "site", "address_id": home["address_id"]}],
            "coupon_ids": None,
        },
    )
    for discount in quote["discounts"]:
        stage.say(f"coupon {discount['code']} takes off {dollars(discount['amount'])}")
    if not quote["discounts"]:
        raise JourneyFailed("the welcome pack gave nothing")
    stage.say(f"list price {dollars(quote['list_price'])}, payable {dollars(quote['payable'])}")
    order = await user.post("/orders", {"quote_id": quote["quote_id"], "hash": quote["hash"]})
    stage.say(f"order {order['number']} placed for {starts_at.astimezone(HONG_KONG):%d %b %H:%M}")
    await stage.told("promotion.locked.v1", order["id"], "the coupon is held")
    await stage.told("order.placed.v1", order["id"])
    return order, starts_at


async def _fleet_now(stage: Stage) -> datetime:
    answer = await stage.http.get(f"{stage.sandbox}/__sandbox/clock")
    return datetime.now(UTC) + timedelta(seconds=answer.json()["offset_seconds"])


async def _tomorrow_at_ten(stage: Stage) -> datetime:
    tomorrow = (await _fleet_now(stage)).astimezone(HONG_KONG) + timedelta(days=1)
    return tomorrow.replace(hour=10, minute=0, second=0, microsecond=0).astimezone(UTC)


async def sleep_until(stage: Stage, instant: datetime) -> None:
    """Let the fleet's clock come to an instant."""
    seconds = (instant - await _fleet_now(stage)).total_seconds()
    await stage.advance(seconds=round(seconds))


async def both_accept(stage: Stage, crew: list[Person], order_id: str) -> tuple[Person, Person]:
    """Two positions, two offers at the same time; whoever is asked accepts."""
    by_id = {worker.account_id: worker for worker in crew}
    holders: dict[int, Person] = {}
    while len(holders) < 2:
        told = await stage.told("dispatch.offered.v1", order_id)
        worker, position = by_id[told.body["worker_id"]], told.body["position"]
        offer = await open_offer(worker, order_id)
        if offer is None:
            raise JourneyFailed(f"{worker.name} does not see the offer")
        await worker.post(f"/offers/{offer['id']}/accept", {"eta_seconds": 900})
        await stage.told("dispatch.job_assigned.v1", order_id, f"position {position}")
        stage.say(f"{worker.name} takes position {position} for {dollars(offer['net_pay'])} net")
        holders[position] = worker
    return holders[1], holders[2]


async def _to_the_door(stage: Stage, worker: Person, order_id: str, *, shown: bool) -> None:
    """The worker reads the door while the job is theirs, and no longer."""
    job = await worker.get(f"/jobs/{order_id}")
    lines = job["stops"][0]["lines"]
    if (lines.get("flat") == HOME["flat"]) is not shown or job["door_shown"] is not shown:
        raise JourneyFailed(f"{worker.name} sees {lines}")
    stage.say(f"{worker.name} sees the address {'to the door' if shown else 'to the block'}")


async def _paid_out(
    stage: Stage,
    staff: Person,
    order_id: str,
    captured: dict[str, Any],
    crew: list[Person],
) -> None:
    settled = await stage.told("payment.settled.v1", order_id, "the bank has paid")
    promised = {row["position"]: row["net"]["minor"] for row in captured["pay"]}
    for position, worker in enumerate(crew, 1):
        net = next(s["net"] for s in settled.body["shares"] if s["position"] == position)
        if net["minor"] != promised[position]:
            raise JourneyFailed(
                f"position {position}: {net} settled, {promised[position]} promised"
            )

        async def holds(worker: Person = worker, minor: int = net["minor"]) -> bool:
            wallet = await worker.get("/wallet")
            return any(sum_["minor"] == minor for sum_ in wallet["available"])

        await stage.until(f"{worker.name}'s wallet shows {dollars(net)}", holds)
    money = await staff.get(f"/staff/payment/orders/{order_id}")
    for line in money["ledger"]:
        account = line["account"].replace(order_id, "…")
        stage.say(f"  ledger {line['kind']:<9} {account:<46} {dollars(line['amount'])}")
    if sum(line["amount"]["minor"] for line in money["ledger"]) != 0:
        raise JourneyFailed("the order's ledger does not add up to zero")
