"""Each rule was seen to fail: one thing is broken past every guard; that rule alone says so."""

from datetime import timedelta
from pathlib import Path

import pytest

from shared.kit.ids import new_id
from tests.invariants import break_coming_about, break_coupons, break_money
from tests.invariants.__main__ import RULES
from tests.invariants.breaks import Break
from tests.invariants.coupons import CONSERVED
from tests.invariants.owed import nothing_is_on_its_way
from tests.invariants.ruin import Ruin, now, ruin_in

BREAKS = [
    *break_money.breaks.known,
    *break_coming_about.breaks.known,
    *break_coupons.breaks.known,
]


async def _broken(ruin: Ruin) -> dict[str, list[str]]:
    found = {rule.__name__: await rule(ruin.books) for rule in RULES}
    return {name: finding.broken for name, finding in found.items() if finding.broken}


async def test_nothing_is_broken_where_nothing_is(tmp_path: Path) -> None:
    async with ruin_in(tmp_path) as ruin:
        assert await _broken(ruin) == {}


def test_every_rule_is_broken_here() -> None:
    assert {rule for rule, _, _ in BREAKS} == {rule.__name__ for rule in RULES}
    assert {says for rule, says, _ in BREAKS if rule == "coupons_add_up"} >= set(CONSERVED)


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


async def test_a_late_refund_that_waits_for_staff_breaks_nothing(tmp_path: Path) -> None:
    async with ruin_in(tmp_path) as ruin:
        late = {"id": new_id(), "state": "surplus", "amount_minor": 100, "channel": "none"}
        await ruin.plant("payment", "payments", **late)
        back = {"order_id": await ruin.owing(100), "amount_minor": 100, "late": True}
        await ruin.plant("payment", "refunds", **back, payment_id=late["id"], state="failed")
        assert await _broken(ruin) == {}


async def test_coupons_of_an_order_that_is_being_placed_break_nothing(tmp_path: Path) -> None:
    async with ruin_in(tmp_path) as ruin:
        order = new_id()
        await ruin.plant("order", "timers", kind="placing", ref=order, due_at=now())
        await ruin.plant("promotion", "benefit_locks", id=order, state="held")
        await ruin.plant("promotion", "benefit_locks", state="released")
        assert await _broken(ruin) == {}


async def test_what_was_heard_before_its_outbox_forgot_it_breaks_nothing(tmp_path: Path) -> None:
    async with ruin_in(tmp_path) as ruin:
        at = now() - timedelta(days=10)
        await ruin.heard(new_id(), "user.registered.v1", received_at=at)
        assert await _broken(ruin) == {}


async def test_a_copy_in_the_form_that_dispatch_keeps_breaks_nothing(tmp_path: Path) -> None:
    async with ruin_in(tmp_path) as ruin:
        await break_coming_about.copied(ruin)
        assert await _broken(ruin) == {}


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
