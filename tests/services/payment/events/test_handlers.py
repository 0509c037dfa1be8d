"""Each of an order's news, told twice and replayed after everything, is heard once."""

from datetime import timedelta

from shared.contracts.ids import OfferId, WorkerId
from shared.contracts.order import (
    CancelReason,
    OrderAccepted,
    OrderAssigned,
    OrderCancelled,
    OrderCompleted,
    OrderPlaced,
    OrderReleased,
)
from shared.contracts.payment import PaymentCaptured, PaymentUnpaid, Settled
from shared.kit.events import Event
from shared.kit.ids import new_id
from tests.services.payment.world import World, coupon, hkd


async def test_a_whole_life_told_twice_and_replayed_settles_once(world: World) -> None:
    placed, _ = await world.captured()
    visit_id = placed.visits[0].visit_id
    crew = world.crew(placed, True)
    about = {"crew": crew, "visit_id": visit_id}
    now = world.payment.clock.now()
    news: list[Event] = [
        OrderAssigned(**world.about(placed, "assigned"), **about),
        OrderReleased(
            **world.about(placed, "pending_dispatch"),
            visit_id=visit_id,
            reason="worker",
            breach=True,
            positions=[1],
            workers=[WorkerId(new_id())],
            offers=[OfferId(new_id())],
        ),
        OrderAssigned(**world.about(placed, "assigned"), **about),
        OrderCompleted(
            **world.about(placed, "pending_acceptance"),
            **about,
            ended_at=now,
            accept_until=now + timedelta(hours=48),
        ),
        OrderAccepted(
            **world.about(placed, "pending_review"),
            crew=crew,
            automatic=False,
            payable=placed.payable,
        ),
    ]
    told = [(event, world.payment.envelope(event)) for event in news]
    for event, envelope in told:
        await world.payment.tell(event, envelope)
        await world.payment.tell(event, envelope)
    await world.payment.run_due()
    for event, envelope in told:
        await world.payment.tell(event, envelope)
    await world.payment.run_due()
    assert len(await world.payment.told(Settled)) == 1


async def test_a_free_order_told_twice_is_captured_once(world: World) -> None:
    free = world.order(5_000, coupon(5_000))
    assert isinstance(free, OrderPlaced)
    await world.payment.tell_twice(free)
    assert len(await world.payment.told(PaymentCaptured)) == 1


async def test_a_cancellation_for_want_of_payment_changes_nothing_more(world: World) -> None:
    placed = await world.place()
    await world.pass_time(minutes=16)
    assert len(await world.payment.told(PaymentUnpaid)) == 1
    await world.payment.tell_twice(
        OrderCancelled(
            **world.about(placed, "cancelled"),
            reason=CancelReason.PAY_TIMEOUT,
            was_paid=False,
            fee=hkd(0),
        )
    )
    assert (await world.money(placed))["state"] == "unpaid"
    assert await world.payment.told(PaymentCaptured) == []
