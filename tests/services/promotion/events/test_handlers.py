"""What news does to coupons; each told twice, and in the orders in which it can come."""

from shared.contracts.order import OrderCancelled, OrderPaid
from shared.contracts.payment import Refunded
from shared.contracts.promotion import (
    BenefitsRedeemed,
    BenefitsReleased,
    BenefitsReturned,
    PackIssued,
)
from shared.contracts.user import UserRegistered
from shared.kit.events import Event
from shared.kit.ids import new_id
from shared.kit.inbox import Outcome
from tests.services.promotion.given import (
    assert_conserved,
    campaign,
    cancelled,
    coupons,
    held,
    pack,
    paid,
    quote,
    refunded,
    registered,
    state_of,
)
from tests.support.service import Running


async def test_a_new_user_gets_the_welcome_pack_once(run: Running) -> None:
    await campaign(run, "aa", claimable=False)
    await campaign(run, "bb", claimable=False)
    await pack(run, "aa", "bb")
    user = new_id()
    event: UserRegistered = registered(user)

    await run.tell_twice(event)
    for _ in range(9):  # As if each were another event: the inbox does not know it.
        await run.tell(event)

    mine = await coupons(run, user)
    assert sorted(each["code"] for each in mine) == ["aa", "bb"]
    [told] = await run.told(PackIssued)
    assert (told.account_id, told.pack) == (user, "welcome")
    assert sorted(map(str, told.coupons)) == sorted(each["id"] for each in mine)
    await assert_conserved(run)


async def test_a_paid_order_uses_its_coupon(run: Running) -> None:
    user = new_id()
    await campaign(run)
    order_id, coupon = await held(run, user)
    event: OrderPaid = paid(order_id, user)

    await run.tell_twice(event)
    await run.tell(event)

    assert await state_of(run, user, coupon) == "redeemed"
    [told] = await run.told(BenefitsRedeemed)
    assert (told.order_id, told.coupons) == (order_id, [coupon])
    await assert_conserved(run)


async def test_an_unpaid_order_that_ends_frees_its_coupon(run: Running) -> None:
    user = new_id()
    await campaign(run)
    order_id, coupon = await held(run, user)
    event: OrderCancelled = cancelled(order_id, user, was_paid=False)

    await run.tell_twice(event)
    await run.tell(event)

    assert await state_of(run, user, coupon) == "issued"
    [told] = await run.told(BenefitsReleased)
    assert told.coupons == [coupon]
    await assert_conserved(run)


async def test_a_paid_order_that_ends_returns_its_coupon_with_the_full_refund(
    run: Running,
) -> None:
    user = new_id()
    await campaign(run)
    order_id, coupon = await held(run, user)
    await run.tell_twice(paid(order_id, user))

    await run.tell_twice(cancelled(order_id, user, was_paid=True))
    await run.tell_twice(refunded(order_id, user, full=False))
    assert await state_of(run, user, coupon) == "redeemed"
    event: Refunded = refunded(order_id, user)
    await run.tell_twice(event)
    await run.tell(event)

    assert await state_of(run, user, coupon) == "returned"
    [told] = await run.told(BenefitsReturned)
    assert told.coupons == [coupon]
    assert [each["code"] for each in (await quote(run, user))["applied"]] == ["fifty-off"]
    await assert_conserved(run)


async def test_a_late_capture_sent_back_returns_nothing(run: Running) -> None:
    user = new_id()
    await campaign(run)
    order_id, coupon = await held(run, user)
    await run.tell_twice(paid(order_id, user))
    await run.tell_twice(refunded(order_id, user, late=True))
    assert await state_of(run, user, coupon) == "redeemed"


async def test_news_of_two_publishers_may_come_in_any_order(run: Running) -> None:
    """The order service's own news keep their order; the refund comes before, between or after."""
    await campaign(run)
    for place in range(3):
        user = new_id()
        order_id, coupon = await held(run, user)
        news: list[Event] = [paid(order_id, user), cancelled(order_id, user, was_paid=True)]
        news.insert(place, refunded(order_id, user))
        for event in news:
            await run.tell_twice(event)
        assert await state_of(run, user, coupon) == "returned"
    assert len(await run.told(BenefitsRedeemed)) == len(await run.told(BenefitsReturned)) == 3
    await assert_conserved(run)


async def test_an_order_cancelled_unpaid_and_refunded_releases_once(run: Running) -> None:
    await campaign(run)
    for place in range(2):
        user = new_id()
        order_id, coupon = await held(run, user)
        news: list[Event] = [cancelled(order_id, user, was_paid=False)]
        news.insert(place, refunded(order_id, user))
        for event in news:
            await run.tell_twice(event)
        assert await state_of(run, user, coupon) == "issued"
    assert len(await run.told(BenefitsReleased)) == 2
    assert await run.told(BenefitsReturned) == []
    await assert_conserved(run)


async def test_news_of_orders_without_coupons_change_no_coupon(run: Running) -> None:
    user = new_id()
    await campaign(run)
    for was_paid in (True, False):
        order_id = new_id()
        told = [
            paid(order_id, user),
            cancelled(order_id, user, was_paid=was_paid),
            refunded(order_id, user),
        ]
        for event in told[0 if was_paid else 1 :]:
            assert set(await run.tell(event)) == {Outcome.DONE}
    everything = (BenefitsRedeemed, BenefitsReleased, BenefitsReturned)
    assert await run.told(*everything) == []
