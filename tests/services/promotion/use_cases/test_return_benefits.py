"""A coupon that is used, returned and used again."""

from shared.contracts.promotion import BenefitsRedeemed, BenefitsReturned
from shared.kit.ids import new_id
from tests.services.promotion.given import (
    assert_conserved,
    campaign,
    claimed,
    lock,
    paid,
    refunded,
    staff_get,
    state_of,
    sum_of,
)
from tests.support.service import Running, as_json


async def test_a_returned_coupon_serves_another_order(run: Running) -> None:
    user = new_id()
    await campaign(run)
    coupon = await claimed(run, user)
    orders = [new_id(), new_id()]
    for order_id in orders:
        as_json(await lock(run, user, order_id, coupon))
        await run.tell_twice(paid(order_id, user))
        if order_id == orders[0]:
            await run.tell_twice(refunded(order_id, user))

    assert await state_of(run, user, coupon) == "redeemed"
    await run.tell(refunded(orders[0], user))  # Told anew: the other order keeps it.
    assert await state_of(run, user, coupon) == "redeemed"
    assert (len(await run.told(BenefitsRedeemed)), len(await run.told(BenefitsReturned))) == (2, 1)
    assert (await staff_get(run, "campaigns/fifty-off"))["spent"] == sum_of(5_000)
    await assert_conserved(run)
