"""Each rule was seen to fail: one thing is broken past every guard; that rule alone says so."""

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from shared.contracts.worker import ProfileChanged
from shared.kit.ids import new_id
from tests.invariants.__main__ import RULES
from tests.invariants.coupons import CONSERVED
from tests.invariants.owed import nothing_is_on_its_way
from tests.invariants.ruin import Ruin, now, ruin_in
from tests.services.dispatch.given import profile

Break = Callable[[Ruin], Awaitable[None]]
BREAKS: list[tuple[str, str, Break]] = []
HOUR = timedelta(hours=1)


def breaks(rule: str, says: str = "") -> Callable[[Break], Break]:
    """Register one way to break a rule, and words with which the rule says so."""

    def register(ruin: Break) -> Break:
        BREAKS.append((rule, says, ruin))
        return ruin

    return register


async def _broken(ruin: Ruin) -> dict[str, list[str]]:
    found = {rule.__name__: await rule(ruin.books) for rule in RULES}
    return {name: finding.broken for name, finding in found.items() if finding.broken}


async def test_nothing_is_broken_where_nothing_is(tmp_path: Path) -> None:
    async with ruin_in(tmp_path) as ruin:
        assert await _broken(ruin) == {}


def test_every_rule_is_broken_here() -> None:
    assert {rule for rule, _, _ in BREAKS} == {rule.__name__ for rule in RULES}
    assert {says for rule, says, _ in BREAKS if rule == "coupons_add_up"} >= set(CONSERVED)


@breaks("transfers_balance")
async def a_cent_too_much(ruin: Ruin) -> None:
    await ruin.posted(("asset:till", 100), ("asset:bank", -99))


@breaks("transfers_balance")
async def a_transfer_of_nothing(ruin: Ruin) -> None:
    await ruin.plant("payment", "transfers")


@breaks("balances_are_sums")
async def a_kept_balance_without_entries(ruin: Ruin) -> None:
    account = new_id()
    await ruin.plant("payment", "accounts", id=account, code="a", limited=True)
    await ruin.plant("payment", "balances", account_id=account, balance_minor=5)


@breaks("balances_are_sums")
async def a_limited_account_without_a_balance(ruin: Ruin) -> None:
    await ruin.plant("payment", "accounts", code="a", limited=True)


@breaks("paid_orders_have_one_capture")
async def an_order_assigned_for_nothing(ruin: Ruin) -> None:
    await ruin.ordered("assigned", "captured", 100)


@breaks("paid_orders_have_one_capture")
async def an_order_captured_for_less(ruin: Ruin) -> None:
    order = await ruin.ordered("assigned", "captured", 100)
    paid = {"order_id": order, "state": "captured", "amount_minor": 99, "channel": "none"}
    await ruin.plant("payment", "payments", **paid)


@breaks("payment_and_order_agree")
async def an_order_cancelled_and_captured(ruin: Ruin) -> None:
    await ruin.ordered("cancelled", "captured")


@breaks("payment_and_order_agree")
async def an_order_accepted_and_never_settled(ruin: Ruin) -> None:
    order = await ruin.ordered("pending_review", "captured", 100)
    paid = {"order_id": order, "state": "captured", "amount_minor": 100, "channel": "none"}
    await ruin.plant("payment", "payments", **paid)


@breaks("payment_and_order_agree")
async def an_order_that_payment_does_not_know(ruin: Ruin) -> None:
    await ruin.plant("order", "orders", state="pending_payment")


@breaks("escrow_is_used_once")
async def escrow_left_behind(ruin: Ruin) -> None:
    order = await ruin.ordered("cancelled", "unpaid")
    await ruin.posted((f"liab:escrow:order:{order}", 100), ("exp:promotion:X", -100))


@breaks("escrow_is_used_once")
async def escrow_settled_twice(ruin: Ruin) -> None:
    order = await ruin.ordered("closed", "settled")
    for n in range(2):
        about = {"kind": "settled", "order_id": order}
        await ruin.posted((f"asset:till:{n}", 1), (f"asset:bank:{n}", -1), **about)


@breaks("refunds_stay_within_captures")
async def more_back_than_came(ruin: Ruin) -> None:
    order = await ruin.owing(101)
    payment = {"id": new_id(), "state": "captured", "amount_minor": 100, "channel": "none"}
    await ruin.plant("payment", "payments", **payment)
    refund = {"id": new_id(), "order_id": order, "amount_minor": 101, "state": "requested"}
    await ruin.plant("payment", "refunds", **refund, payment_id=payment["id"])
    await ruin.plant("payment", "timers", kind="send_refund", ref=refund["id"], due_at=now())


@breaks("refunds_stay_within_captures")
async def late_money_that_stays(ruin: Ruin) -> None:
    surplus = {"state": "surplus", "amount_minor": 100, "channel": "none"}
    await ruin.plant("payment", "payments", **surplus)


@breaks("the_channel_agrees")
async def a_capture_that_the_channel_denies(ruin: Ruin) -> None:
    paid = {"state": "captured", "amount_minor": 100, "channel": "wechat", "transaction_id": "42"}
    await ruin.plant("payment", "payments", **paid)


@breaks("the_channel_agrees")
async def money_at_the_channel_that_we_do_not_know(ruin: Ruin) -> None:
    trade = {"trade_state": "SUCCESS", "total_minor": 100, "transaction_id": "42"}
    ruin.wechat["transactions"].append(trade)


@breaks("the_bank_agrees")
async def a_payout_that_nobody_asked_for(ruin: Ruin) -> None:
    split = {"kind": "split", "reference": str(new_id()), "account": "commission"}
    ruin.bank.append(split | {"amount_minor": -100})


@breaks("the_bank_agrees")
async def a_payout_of_another_sum(ruin: Ruin) -> None:
    settlement = new_id()
    told = {"kind": "settled", "ref": settlement}
    await ruin.posted(("rev:commission:towing", 90), ("asset:till", -90), **told)
    split = {"kind": "split", "reference": str(settlement), "account": "commission"}
    ruin.bank.append(split | {"amount_minor": -91})


@breaks("the_bank_agrees")
async def a_discount_that_never_came_in(ruin: Ruin) -> None:
    owed = {"top_up_minor": 100, "topped_up_at": now(), "state": "requested"}
    await ruin.plant("payment", "settlements", **owed)


@breaks("the_bank_agrees")
async def money_left_at_the_bank(ruin: Ruin) -> None:
    ruin.sub_accounts.append({"order_id": str(new_id()), "balance_minor": 100})


@breaks("every_worked_share_is_credited")
async def a_worker_credited_for_nothing(ruin: Ruin) -> None:
    account = f"liab:worker:{new_id()}:available"
    await ruin.posted((account, 100), ("asset:till", -100))


@breaks("every_worked_share_is_credited")
async def a_worker_settled_and_not_credited(ruin: Ruin) -> None:
    share = {"visit_number": 1, "position": 1, "worked": True, "net_minor": 100}
    shares = json.dumps([share | {"worker_id": str(new_id())}])
    order = await ruin.ordered("closed", "settled", shares=shares)
    place = {"order_id": order, "visit_number": 1, "position": 1, "net_minor": 100}
    await ruin.plant("payment", "pay_shares", **place)


@breaks("accepted_work_is_paid")
async def a_settlement_that_nobody_executes(ruin: Ruin) -> None:
    order = await ruin.ordered("closed", "settling")
    await ruin.plant("payment", "settlements", order_id=order, state="requested")


@breaks("accepted_work_is_paid")
async def a_settlement_that_the_bank_refused(ruin: Ruin) -> None:
    order = await ruin.ordered("closed", "settling")
    await ruin.plant("payment", "settlements", order_id=order, state="refused")


@breaks("accepted_work_is_paid")
async def an_order_settled_by_nothing(ruin: Ruin) -> None:
    order = await ruin.ordered("closed", "settled")
    sql = "UPDATE settlements SET state = 'requested' WHERE order_id = $1"
    await ruin.databases["payment"].execute(sql, order)


@breaks("what_is_owed_goes_back")
async def a_cancelled_capture_that_nobody_gives_back(ruin: Ruin) -> None:
    await ruin.owing(100)


@breaks("what_is_owed_goes_back")
async def a_refund_that_nobody_sends(ruin: Ruin) -> None:
    order = await ruin.owing(100)
    refund = {"order_id": order, "amount_minor": 100, "state": "requested"}
    await ruin.plant("payment", "refunds", **refund)


@breaks("histories_are_paths")
async def a_history_without_a_beginning(ruin: Ruin) -> None:
    order = await ruin.ordered("cancelled", "cancelled")
    step = {"before": "pending_payment", "after": "cancelled", "number": 1}
    await ruin.plant("order", "order_history", order_id=order, **step)


@breaks("histories_are_paths")
async def a_step_that_is_no_move(ruin: Ruin) -> None:
    order = await ruin.ordered("cancelled", "cancelled")
    for number, (before, after) in enumerate([(None, "completed"), ("completed", "cancelled")]):
        step = {"before": before, "after": after, "number": number}
        await ruin.plant("order", "order_history", order_id=order, **step)


@breaks("outboxes_are_empty_and_whole")
async def an_event_that_was_never_sent(ruin: Ruin) -> None:
    await ruin.told("user", "user.role_granted.v1", sent_at=None)


@breaks("outboxes_are_empty_and_whole")
async def a_version_that_is_missing(ruin: Ruin) -> None:
    key = new_id()
    for version in (1, 3):
        await ruin.told("user", "user.role_granted.v1", key=key, version=version)


@breaks("inboxes_match_outboxes")
async def an_event_that_nobody_heard(ruin: Ruin) -> None:
    await ruin.told("user", "user.registered.v1")


@breaks("inboxes_match_outboxes")
async def an_event_heard_that_nobody_told(ruin: Ruin) -> None:
    await ruin.heard(new_id(), "user.registered.v1")


@breaks("nothing_is_dead")
async def an_event_that_waits_for_repair(ruin: Ruin) -> None:
    await ruin.plant("user", "dead_events", error="boom")


@breaks("keys_have_one_effect")
async def a_request_neither_done_nor_undone(ruin: Ruin) -> None:
    await ruin.plant("order", "requests", scope="POST /x", created_at=now() - HOUR)


@breaks("keys_have_one_effect")
async def a_placing_answered_without_an_order(ruin: Ruin) -> None:
    answer = json.dumps({"id": str(new_id())})
    await ruin.plant("order", "requests", scope="POST /orders u", done=True, answer=answer)


@breaks("no_timer_is_overdue")
async def a_timer_that_waits(ruin: Ruin) -> None:
    await ruin.plant("promotion", "timers", kind="expire", due_at=now() - HOUR)


@breaks("calendars_do_not_overlap")
async def two_jobs_at_once(ruin: Ruin) -> None:
    worker = new_id()
    for _ in range(2):
        await ruin.plant("worker", "bookings", worker_id=worker, state="held")
    sql = "UPDATE bookings SET slot = tstzrange(now(), now() + interval '1 hour')"
    await ruin.databases["worker"].execute(sql)


@breaks("assignments_offers_and_bookings_are_one")
async def an_accepted_offer_that_fills_nothing(ruin: Ruin) -> None:
    await ruin.plant("dispatch", "offers", state="accepted")


@breaks("assignments_offers_and_bookings_are_one")
async def a_position_filled_without_a_booking(ruin: Ruin) -> None:
    order = await ruin.ordered("closed", "settled")
    who = {"worker_id": new_id(), "order_id": order}
    offer = new_id()
    await ruin.plant("order", "positions", offer_id=offer, **who)
    await ruin.plant("dispatch", "offers", id=offer, state="accepted", **who)


@breaks("assignments_offers_and_bookings_are_one")
async def a_booking_for_a_cancelled_order(ruin: Ruin) -> None:
    order, offer = await ruin.ordered("cancelled", "cancelled"), new_id()
    who = {"worker_id": new_id(), "order_id": order}
    await ruin.plant("order", "positions", offer_id=offer, **who)
    await ruin.plant("worker", "bookings", id=offer, state="held", **who)


@breaks("nobody_holds_an_open_claim")
async def a_claim_half_done(ruin: Ruin) -> None:
    await ruin.plant("dispatch", "offers", state="claiming")


@breaks("copies_are_the_originals")
async def a_worker_suspended_and_not_for_dispatch(ruin: Ruin) -> None:
    worker = new_id()
    body = profile(worker, suspended=True).model_dump_json()
    event = await ruin.told("worker", ProfileChanged.type, key=worker, body=body)
    await ruin.heard(event, ProfileChanged.type)
    copy = {"worker_id": worker, "approved": True, "suspended": False, "radius_m": 40_000}
    await ruin.plant("dispatch", "candidates", **copy)


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
    order, coupon = new_id(), new_id()
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
        order = new_id()
        await ruin.plant("promotion", "benefit_locks", id=order, state="held")
        await ruin.plant("promotion", "benefits", order_id=order, coupon_id=coupon)


@breaks("logs_hold_no_person")
async def a_phone_in_a_log(ruin: Ruin) -> None:
    (ruin.logs / "order.log").write_text("asked by +85261000001\n")


async def test_money_that_is_being_worked_on_breaks_nothing(tmp_path: Path) -> None:
    async with ruin_in(tmp_path) as ruin:
        order, settlement, refund = await ruin.ordered("closed", "settling"), new_id(), new_id()
        asked = {"id": settlement, "order_id": order, "state": "requested"}
        await ruin.plant("payment", "settlements", **asked)
        await ruin.plant("payment", "timers", kind="settle", ref=settlement, due_at=now())
        sent = {"id": refund, "order_id": await ruin.owing(100), "amount_minor": 100}
        await ruin.plant("payment", "refunds", **sent, state="requested")
        await ruin.plant("payment", "timers", kind="send_refund", ref=refund, due_at=now())
        assert await _broken(ruin) == {}
        assert (await nothing_is_on_its_way(ruin.books)).broken


@pytest.mark.parametrize(
    ("rule", "says", "ruin_by"), BREAKS, ids=lambda part: getattr(part, "__name__", "")
)
async def test_the_rule_and_no_other_reports(
    rule: str, says: str, ruin_by: Break, tmp_path: Path
) -> None:
    async with ruin_in(tmp_path) as ruin:
        await ruin_by(ruin)
        broken = await _broken(ruin)
        assert set(broken) == {rule}
        assert any(says in line for line in broken[rule])
