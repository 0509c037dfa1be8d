"""A new version counts from its instant on; what was captured before keeps its own."""

from datetime import timedelta

import pytest

from services.payment.domain.commission import Bracket, BracketsInvalid
from services.payment.use_cases.add_commission_rule import add_commission_rule
from shared.contracts.payment import PaymentCaptured
from shared.kit.caller import Caller, Role
from shared.kit.ids import new_id
from tests.services.payment.world import World

STAFF = Caller(new_id(), Role.STAFF)


async def test_orders_follow_the_rule_in_force_when_captured(world: World) -> None:
    await world.captured()
    async with world.payment.begin() as tx:
        later = tx.now + timedelta(hours=1)
        rule = await add_commission_rule(
            tx, STAFF, "towing", [Bracket(None, 2_000)], later, "review"
        )
    await world.captured()
    await world.pass_time(hours=2)
    await world.captured()

    told = await world.payment.told(PaymentCaptured)
    assert [event.commission.minor for event in told] == [12_000, 12_000, 20_000]
    assert told[2].commission_rule == rule.version > told[1].commission_rule


async def test_a_category_without_a_rule_takes_the_general_one(world: World) -> None:
    await world.captured(100_000, category="falconry")
    [told] = await world.payment.told(PaymentCaptured)
    assert told.commission.minor == 15_000


async def test_the_past_is_not_rewritten(world: World) -> None:
    with pytest.raises(BracketsInvalid):
        async with world.payment.begin() as tx:
            past = tx.now - timedelta(seconds=1)
            await add_commission_rule(tx, STAFF, "x", [Bracket(None, 2_000)], past, "review")
