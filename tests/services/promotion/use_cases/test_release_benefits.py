"""A release against a lock, a payment, and another release of the same order."""

from functools import partial

from shared.contracts.promotion import BenefitsLocked, BenefitsReleased
from shared.kit.ids import new_id
from tests.services.promotion.given import (
    assert_conserved,
    campaign,
    cancelled,
    claimed,
    held,
    lock,
    paid,
    race,
    release,
    state_of,
)
from tests.support.service import Running, as_json

ROUNDS = 20


async def test_a_lock_and_its_release_at_once_leave_nothing_held(run: Running) -> None:
    """From a barrier whose offsets are shifted so that either side comes first at times."""
    await campaign(run)
    refused = 0
    for n in range(ROUNDS):
        user, order_id = new_id(), new_id()
        coupon = await claimed(run, user)
        pair = [partial(lock, run, user, order_id, coupon), partial(release, run, user, order_id)]
        ahead = n % 2 == 0
        answers = await race(
            "lock_for_update", *(pair if ahead else pair[::-1]), apart=0.002 * (n % 3)
        )
        locked, released = answers if ahead else answers[::-1]
        assert as_json(released) == {"released": locked.is_success}
        assert await state_of(run, user, coupon) == "issued"
        refused += locked.is_error
    assert ROUNDS / 10 <= refused <= ROUNDS * 9 / 10
    told = len(await run.told(BenefitsLocked)), len(await run.told(BenefitsReleased))
    assert told == (ROUNDS - refused, ROUNDS - refused)
    await assert_conserved(run)


async def test_ten_releases_at_once_release_once(run: Running) -> None:
    user = new_id()
    await campaign(run)
    order_id, _ = await held(run, user)
    answers = await race("lock_for_update", *[partial(release, run, user, order_id)] * 10)
    assert [as_json(answer) for answer in answers] == [{"released": True}] * 10
    assert len(await run.told(BenefitsReleased)) == 1
    await assert_conserved(run)


async def test_a_paid_order_is_not_released_any_more(run: Running) -> None:
    user = new_id()
    await campaign(run)
    order_id, coupon = await held(run, user)
    await run.tell_twice(paid(order_id, user))

    assert as_json(await release(run, user, order_id)) == {"released": False}
    await run.tell_twice(cancelled(order_id, user, was_paid=False))

    assert await state_of(run, user, coupon) == "redeemed"
    assert await run.told(BenefitsReleased) == []
