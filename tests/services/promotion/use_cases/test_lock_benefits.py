"""Locks under fire: one coupon, one budget, one first order."""

import asyncio
import contextlib

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.contracts.ids import OrderId
from shared.contracts.promotion import BenefitsLocked
from shared.kit.events import Event
from shared.kit.ids import new_id
from shared.kit.inbox import handlers_of
from shared.kit.states import MoveRefused
from tests.services.promotion.given import (
    assert_conserved,
    campaign,
    cancelled,
    claim,
    claimed,
    code_of,
    coupons,
    held,
    lock,
    paid,
    patiently,
    quote,
    race,
    refunded,
    release,
    staff_get,
    sum_of,
)
from tests.support.service import Running, as_json


async def test_of_64_orders_one_holds_the_coupon(run: Running) -> None:
    user = new_id()
    await campaign(run)
    coupon = await claimed(run, user)

    async def place() -> int:
        order_id = new_id()
        return (await patiently(lambda: lock(run, user, order_id, coupon))).status_code

    answers = await race("coupons_for_update", *[place] * 64)

    assert sorted(answers) == [200] + [409] * 63
    assert len(await run.told(BenefitsLocked)) == 1
    await assert_conserved(run)


async def test_ten_equal_locks_are_one(run: Running) -> None:
    user, order_id = new_id(), new_id()
    await campaign(run)
    coupon = await claimed(run, user)

    answers = await asyncio.gather(*(lock(run, user, order_id, coupon) for _ in range(10)))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert len(await run.told(BenefitsLocked)) == 1
    await assert_conserved(run)


async def test_a_budget_is_never_overdrawn(run: Running) -> None:
    await campaign(run, budget=sum_of(17_000))  # Three times fifty dollars, and some.
    users = [new_id() for _ in range(12)]
    mine = [await claimed(run, user) for user in users]

    answers = await asyncio.gather(
        *(lock(run, user, new_id(), coupon) for user, coupon in zip(users, mine, strict=True))
    )

    assert sorted(answer.status_code for answer in answers) == [200] * 3 + [409] * 9
    refused = [answer.json()["reason"] for answer in answers if answer.is_error]
    assert set(refused) == {"budget_spent"}
    assert (await staff_get(run, "campaigns/fifty-off"))["budget_left"] == sum_of(2_000)
    await assert_conserved(run)


async def test_two_orders_at_once_share_no_first_order(run: Running) -> None:
    """Each with a coupon of its own, so that only the person can decide."""
    await campaign(run, "first", first_order_only=True)
    await campaign(run, "second", first_order_only=True)
    for _ in range(5):
        user = new_id()
        mine = [await claimed(run, user, code) for code in ("first", "second")]
        answers = await asyncio.gather(*(lock(run, user, new_id(), each) for each in mine))
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        [lost] = [answer for answer in answers if answer.is_error]
        assert code_of(lost) in {"coupon-not-usable", "concurrent-change"}
    await assert_conserved(run)


async def test_a_first_order_refunded_in_full_gives_the_first_order_back(run: Running) -> None:
    user, order_id = new_id(), new_id()
    await campaign(run, first_order_only=True)
    coupon = await claimed(run, user)
    as_json(await lock(run, user, order_id, coupon))
    await run.tell_twice(paid(order_id, user))
    await run.tell_twice(refunded(order_id, user))

    as_json(await lock(run, user, new_id(), coupon))
    await assert_conserved(run)


async def test_a_lock_never_lapses_by_itself(run: Running) -> None:
    user, order_id = new_id(), new_id()
    await campaign(run, valid_days=1)
    coupon = await claimed(run, user)
    as_json(await lock(run, user, order_id, coupon))

    await run.pass_time(days=3)
    [seen] = await coupons(run, user)
    assert seen["state"] == "locked"
    await run.tell_twice(paid(order_id, user))
    [seen] = await coupons(run, user)
    assert seen["state"] == "redeemed"


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["claim", "lock", "release", "paid", "unpaid", "refunded", "pass_time"]),
        st.integers(0, 1),  # Whose turn.
    ),
    min_size=6,
    max_size=25,
)


@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(acts=ACTS)
async def test_whatever_happens_nothing_is_lost_and_nothing_is_made(
    run: Running, acts: list[tuple[str, int]]
) -> None:
    await campaign(run, "first", first_order_only=True, per_person=3, issue_limit=1_000)
    await campaign(run, "tight", value=6_000, per_person=3, issue_limit=1_000)
    users = [new_id() for _ in range(2)]
    orders = {user: (await held(run, user, "tight"))[0] for user in users}
    for act, turn in acts:
        user = users[turn]
        order_id = orders[user]
        match act:
            case "claim":
                for code in ("first", "tight"):
                    await claim(run, user, code)
            case "lock":
                orders[user] = OrderId(new_id())
                applied = (await quote(run, user))["applied"]
                await lock(run, user, orders[user], *(each["coupon_id"] for each in applied))
            case "release":
                as_json(await release(run, user, order_id))
            case "paid":
                await _heard(run, paid(order_id, user))
            case "unpaid":
                await _heard(run, cancelled(order_id, user, was_paid=False))
            case "refunded":
                await _heard(run, refunded(order_id, user))
            case _:
                await run.pass_time(days=12)
        await assert_conserved(run)


async def _heard(run: Running, event: Event) -> None:
    """Heard without the patience of the inbox: news that cannot be after others change nothing."""
    for handler in handlers_of("promotion")[event.type]:
        with contextlib.suppress(MoveRefused):
            async with run.begin() as tx:
                await handler.handle(tx, event)
