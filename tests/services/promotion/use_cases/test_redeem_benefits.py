"""A payment against a full refund of the same order."""

import asyncio

import pytest

from services.promotion.use_cases.redeem_benefits import redeem_benefits
from shared.contracts.ids import UserId
from shared.contracts.promotion import BenefitsRedeemed, BenefitsReturned
from shared.kit.caller import SYSTEM
from shared.kit.ids import new_id
from shared.kit.states import MoveRefused
from tests.services.promotion.given import (
    assert_conserved,
    campaign,
    cancelled,
    held,
    paid,
    refunded,
    state_of,
)
from tests.support.service import Running


async def test_paid_and_refunded_at_once_end_returned(run: Running) -> None:
    await campaign(run)
    for _ in range(10):
        user = new_id()
        order_id, coupon = await held(run, user)
        await asyncio.gather(run.tell(paid(order_id, user)), run.tell(refunded(order_id, user)))
        assert await state_of(run, user, coupon) == "returned"
    assert len(await run.told(BenefitsRedeemed)) == len(await run.told(BenefitsReturned)) == 10
    await assert_conserved(run)


async def test_a_coupon_that_is_free_again_is_never_used_up_in_silence(run: Running) -> None:
    """Paid after released cannot be; if it is heard all the same, it must be seen."""
    user = new_id()
    await campaign(run)
    order_id, coupon = await held(run, user)
    await run.tell_twice(cancelled(order_id, user, was_paid=False))
    with pytest.raises(MoveRefused):
        async with run.begin() as tx:
            await redeem_benefits(tx, SYSTEM, order_id, UserId(user))
    assert await state_of(run, user, coupon) == "issued"
    await assert_conserved(run)
