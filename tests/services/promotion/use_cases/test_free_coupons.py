"""Coupons that come back after their last day."""

from datetime import datetime, timedelta

from services.promotion.domain.coupon import RETURN_GRACE
from shared.kit.ids import new_id
from tests.services.promotion.given import (
    assert_conserved,
    campaign,
    coupons,
    held,
    paid,
    refunded,
    release,
)
from tests.support.service import Running, as_json


async def test_a_released_coupon_whose_last_day_is_over_is_expired(run: Running) -> None:
    user = new_id()
    await campaign(run, valid_days=1)
    order_id, _ = await held(run, user)
    await run.pass_time(days=2)

    as_json(await release(run, user, order_id))

    [seen] = await coupons(run, user)
    assert (seen["state"], seen["order_id"]) == ("expired", None)
    await assert_conserved(run)


async def test_a_returned_coupon_lasts_a_week_more_and_then_expires(run: Running) -> None:
    user = new_id()
    await campaign(run, valid_days=1)
    order_id, _ = await held(run, user)
    await run.tell_twice(paid(order_id, user))
    await run.pass_time(days=2)
    now = run.clock.now()

    await run.tell_twice(refunded(order_id, user))

    [seen] = await coupons(run, user)
    assert seen["state"] == "returned"
    assert datetime.fromisoformat(seen["expires_at"]) - now - RETURN_GRACE < timedelta(minutes=1)
    await run.pass_time(days=6)
    assert [each["state"] for each in await coupons(run, user)] == ["returned"]
    await run.pass_time(days=2)
    assert [each["state"] for each in await coupons(run, user)] == ["expired"]
    await assert_conserved(run)
