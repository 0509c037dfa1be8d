"""An attempt that was cut in half is closed; one that was finished is left alone."""

import asyncio
from uuid import UUID

import pytest

from services.payment.domain.payment import PREPARE_SECONDS_MAX, PaymentMove
from services.payment.storage.payments import Payment
from services.payment.use_cases.undo_payment import undo_payment
from shared.contracts.ids import PaymentId
from shared.contracts.payment import PaymentCaptured
from shared.kit.caller import Caller, Role
from tests.services.payment.world import World

OPEN = "POST /v3/global/transactions/jsapi"


async def test_a_finished_attempt_is_left_alone(world: World) -> None:
    placed = await world.place()
    view = await world.begin_paying(placed, key="k")
    channels = world.payment.wiring.ports["channels"]
    id = PaymentId(UUID(view["payment_id"]))
    await undo_payment(world.payment.begin, channels, id)

    [attempt] = (await world.money(placed))["attempts"]
    assert attempt["state"] == "open"


async def test_an_order_that_the_channel_never_heard_of_is_closed_here(world: World) -> None:
    placed = await world.place()
    await world.fault(OPEN, "drop_before", times=2)
    assert (await world.ask_to_pay(placed)).status_code == 503
    await world.sandbox.delete("/__sandbox/faults")
    [attempt] = (await world.money(placed))["attempts"]
    channels = world.payment.wiring.ports["channels"]
    id = PaymentId(UUID(attempt["id"]))
    await asyncio.gather(*(undo_payment(world.payment.begin, channels, id) for _ in range(4)))

    [attempt] = (await world.money(placed))["attempts"]
    assert attempt["state"] == "closed"


async def test_half_an_attempt_that_was_paid_all_the_same_is_taken_in(world: World) -> None:
    placed = await world.place()
    await world.fault(OPEN, "drop_after", times=2)
    assert (await world.ask_to_pay(placed)).status_code == 503
    [attempt] = (await world.money(placed))["attempts"]
    await world.pay_at_wechat(attempt["id"])
    await world.pass_time(seconds=PREPARE_SECONDS_MAX + 1)

    assert len(await world.payment.told(PaymentCaptured)) == 1
    [attempt] = (await world.money(placed))["attempts"]
    assert attempt["state"] == "captured"
    assert (await world.money(placed))["escrow"]["minor"] == 100_000


@pytest.mark.race("payment_for_update")
async def test_an_attempt_that_is_just_being_opened_stays_open(world: World) -> None:
    placed = await world.place()
    await world.fault(OPEN, "drop_before", times=2)
    assert (await world.ask_to_pay(placed)).status_code == 503
    [attempt] = (await world.money(placed))["attempts"]
    channels = world.payment.wiring.ports["channels"]
    id, user = PaymentId(UUID(attempt["id"])), Caller(placed.user_id, Role.USER)

    async with world.payment.begin() as tx:  # The second step of paying, not committed yet.
        await tx.move_where(Payment, id, PaymentMove.OPEN, by=user, prepay_id="p", opened_at=tx.now)
        undoing = asyncio.create_task(undo_payment(world.payment.begin, channels, id))
        await world.lock_waited_for()
    await undoing

    [attempt] = (await world.money(placed))["attempts"]
    assert attempt["state"] == "open"
