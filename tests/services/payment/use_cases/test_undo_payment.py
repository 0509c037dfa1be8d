"""An attempt that was cut in half is closed; one that was finished is left alone."""

import asyncio
from uuid import UUID

import pytest

from services.payment.use_cases.undo_payment import undo_payment
from shared.contracts.ids import PaymentId
from tests.services.payment.world import World


async def test_a_finished_attempt_is_left_alone(world: World) -> None:
    placed = await world.place()
    view = await world.begin_paying(placed, key="k")
    channels = world.payment.wiring.ports["channels"]
    id = PaymentId(UUID(view["payment_id"]))
    await undo_payment(world.payment.begin, channels, id)

    [attempt] = (await world.money(placed))["attempts"]
    assert attempt["state"] == "open"


@pytest.mark.race("payment_for_update")
async def test_an_order_that_the_channel_never_heard_of_is_closed_here(world: World) -> None:
    placed = await world.place()
    await world.fault("POST /v3/global/transactions/jsapi", "drop_before", times=2)
    assert (await world.ask_to_pay(placed)).status_code == 503
    await world.sandbox.delete("/__sandbox/faults")
    [attempt] = (await world.money(placed))["attempts"]
    channels = world.payment.wiring.ports["channels"]
    id = PaymentId(UUID(attempt["id"]))
    await asyncio.gather(*(undo_payment(world.payment.begin, channels, id) for _ in range(4)))

    [attempt] = (await world.money(placed))["attempts"]
    assert attempt["state"] == "closed"
