"""Who is at their first order, as heard from order and payment."""

from shared.kit.ids import new_id
from tests.services.promotion.given import (
    campaign,
    claimed,
    held,
    paid,
    quote,
    refunded,
    sum_of,
)
from tests.support.service import Running, as_json


async def reasons(run: Running, user: object) -> list[str]:
    answer = await quote(run, user)  # type: ignore[arg-type]
    return [each["reason"] for each in answer["skipped"]]


async def test_a_paid_order_ends_the_first_order_and_its_refund_brings_it_back(
    run: Running,
) -> None:
    user, order_id = new_id(), new_id()
    await campaign(run, first_order_only=True)
    await claimed(run, user)
    assert await reasons(run, user) == []

    await run.tell_twice(paid(order_id, user))
    assert await reasons(run, user) == ["not_first_order"]
    await run.tell_twice(refunded(order_id, user, full=False))
    assert await reasons(run, user) == ["not_first_order"]
    await run.tell_twice(refunded(order_id, user))
    assert await reasons(run, user) == []


async def test_while_one_order_holds_a_first_order_coupon_no_other_gets_one(run: Running) -> None:
    user = new_id()
    await campaign(run, "first", first_order_only=True)
    await campaign(run, "second", first_order_only=True)
    await held(run, user, "first")
    await claimed(run, user, "second")
    assert await reasons(run, user) == ["not_first_order"]


async def test_a_coupon_over_its_last_day_is_skipped_before_its_timer_ran(run: Running) -> None:
    user = new_id()
    await campaign(run, valid_days=1)
    coupon = await claimed(run, user)
    run.clock.advance_to(run.clock.offset_seconds + 86_401)
    answer = await quote(run, user, [coupon])
    assert [each["reason"] for each in answer["skipped"]] == ["expired"]


async def test_a_budget_too_small_for_the_discount_is_said(run: Running) -> None:
    user = new_id()
    await campaign(run, budget=sum_of(4_999))
    await claimed(run, user)
    assert await reasons(run, user) == ["budget_spent"]
    small = await quote(run, user, list_price=sum_of(4_000))
    assert small["applied"][0]["amount"] == sum_of(4_000)


async def test_the_body_of_a_quote_changes_nothing(run: Running) -> None:
    user = new_id()
    await campaign(run)
    await claimed(run, user)
    before = await quote(run, user)
    assert await quote(run, user) == before
    assert as_json(await run.http.get("/livez")) == {"state": "alive"}
