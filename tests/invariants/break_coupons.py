"""Ways to break the rules about coupons."""

import json
from uuid import UUID

from shared.kit.ids import new_id
from tests.invariants.breaks import Breaks
from tests.invariants.ruin import Ruin, now

breaks = Breaks()


@breaks("coupons_add_up", "coupons given")
async def a_coupon_that_was_never_given(ruin: Ruin) -> None:
    await ruin.plant("promotion", "campaigns", code="x", issue_limit=10, remaining=9)


@breaks("coupons_add_up", "budget")
async def a_budget_spent_on_nothing(ruin: Ruin) -> None:
    sums = {"budget_minor": 100, "budget_left_minor": 99}
    await ruin.plant("promotion", "campaigns", code="x", **sums)


@breaks("coupons_add_up", "held coupons")
async def a_coupon_redeemed_for_no_order(ruin: Ruin) -> None:
    await ruin.plant("promotion", "coupons", state="redeemed", order_id=new_id())


@breaks("coupons_add_up", "live locks")
async def a_coupon_free_while_an_order_holds_it(ruin: Ruin) -> None:
    order, coupon = await ruin.ordered("pending_payment", "open"), new_id()
    await ruin.plant("promotion", "coupons", id=coupon, state="issued")
    await ruin.plant("promotion", "benefit_locks", id=order, state="held")
    await ruin.plant("promotion", "benefits", order_id=order, coupon_id=coupon)


@breaks("coupons_add_up", "per person")
async def a_person_who_has_one_too_many(ruin: Ruin) -> None:
    plan = json.dumps({"per_person": 1})
    await ruin.plant("promotion", "campaign_versions", code="x", version=1, plan=plan)
    mine = {"user_id": new_id(), "campaign": "x", "version": 1}
    for nth in (1, 2):
        await ruin.plant("promotion", "coupons", nth=nth, **mine)


@breaks("coupons_add_up", "serves 2 orders")
async def a_coupon_that_serves_two_orders(ruin: Ruin) -> None:
    coupon = new_id()
    for _ in range(2):
        order = await ruin.ordered("pending_payment", "open")
        await ruin.plant("promotion", "benefit_locks", id=order, state="held")
        await ruin.plant("promotion", "benefits", order_id=order, coupon_id=coupon)


@breaks("coupons_are_held_for_an_order", "coupons held")
async def a_coupon_held_for_no_order(ruin: Ruin) -> None:
    await ruin.plant("promotion", "benefit_locks", state="held")


@breaks("coupons_are_held_for_an_order", "coupons held")
async def a_coupon_held_for_an_order_that_ended_unpaid(ruin: Ruin) -> None:
    order = await ruin.ordered("cancelled", "unpaid")
    await ruin.plant("promotion", "benefit_locks", id=order, state="held")


@breaks("coupons_are_held_for_an_order", "coupons held")
async def a_coupon_held_by_another_timer_of_the_order(ruin: Ruin) -> None:
    order = new_id()
    await ruin.plant("order", "timers", kind="pay_alert", ref=order, due_at=now())
    await ruin.plant("promotion", "benefit_locks", id=order, state="held")


@breaks("coupons_are_held_for_an_order", "coupons held")
async def a_coupon_still_held_for_an_order_that_is_paid(ruin: Ruin) -> None:
    order = await _paid(ruin)
    await ruin.plant("promotion", "benefit_locks", id=order, state="held")


@breaks("coupons_are_held_for_an_order", "coupons redeemed")
async def a_coupon_redeemed_for_an_order_nobody_paid(ruin: Ruin) -> None:
    order = await ruin.ordered("pending_payment", "open")
    await ruin.plant("promotion", "benefit_locks", id=order, state="redeemed")


async def _paid(ruin: Ruin) -> UUID:
    order: UUID = await ruin.ordered("closed", "settled")
    sql = "UPDATE orders SET paid_at = now() WHERE id = $1"
    await ruin.databases["order"].execute(sql, order)
    return order
