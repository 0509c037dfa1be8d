"""Ways to break the rules about money and what is owed."""

import json

from shared.kit.ids import new_id
from tests.invariants.breaks import Breaks
from tests.invariants.ruin import Ruin, now

breaks = Breaks()


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
    await ruin.placed("pending_payment")


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
async def a_refund_besides_the_one_that_failed(ruin: Ruin) -> None:
    order = await ruin.owing(200)
    payment = {"id": new_id(), "state": "captured", "amount_minor": 100, "channel": "none"}
    await ruin.plant("payment", "payments", **payment)
    back = {"order_id": order, "amount_minor": 100, "payment_id": payment["id"]}
    for state in ("failed", "abnormal"):
        await ruin.plant("payment", "refunds", **back, state=state)
    ruin.sub_accounts[0]["balance_minor"] = 100  # The abnormal one has left.


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
