"""The last day of a coupon."""

import asyncio

from shared.kit.ids import new_id
from tests.services.promotion.given import (
    assert_conserved,
    campaign,
    claimed,
    code_of,
    lock,
    state_of,
)
from tests.support.service import Running


async def test_a_coupon_nobody_used_is_over_after_its_last_day(run: Running) -> None:
    user = new_id()
    await campaign(run, valid_days=3)
    coupon = await claimed(run, user)
    await run.pass_time(days=2)
    assert await state_of(run, user, coupon) == "issued"

    await run.pass_time(days=2)

    assert await state_of(run, user, coupon) == "expired"
    refused = await lock(run, user, new_id(), coupon)
    assert (code_of(refused), refused.json()["reason"]) == ("coupon-not-usable", "expired")
    await assert_conserved(run)


async def test_a_timer_and_a_lock_at_once_leave_one_of_the_two(run: Running) -> None:
    await campaign(run, valid_days=1)
    mine = {}
    for _ in range(8):
        user = new_id()
        mine[user] = await claimed(run, user)
    run.clock.advance_to(run.clock.offset_seconds + 86_390)

    locks = [lock(run, user, new_id(), coupon) for user, coupon in mine.items()]
    answers, _ = await asyncio.gather(asyncio.gather(*locks), run.pass_time(seconds=20))

    for (user, coupon), answer in zip(mine.items(), answers, strict=True):
        assert await state_of(run, user, coupon) == ("locked" if answer.is_success else "expired")
    await assert_conserved(run)
