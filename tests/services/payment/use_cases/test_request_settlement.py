"""An accepted order is divided once."""

from datetime import datetime, timedelta

import pytest

from shared.contracts.order import OrderCompleted
from shared.contracts.payment import Settled
from tests.services.payment.world import World


async def test_acceptance_told_twice_settles_once(world: World) -> None:
    placed, _ = await world.captured()
    crew = world.crew(placed, True)
    await world.accept(placed, crew)
    money = await world.money(placed)
    assert (money["state"], money["settlement"]["state"]) == ("settling", "requested")
    await world.payment.run_due()
    assert len(await world.payment.told(Settled)) == 1


async def test_an_order_that_was_never_captured_is_not_settled(world: World) -> None:
    placed = await world.place()
    await world.accept(placed, world.crew(placed, True))
    await world.payment.run_due()
    assert (await world.money(placed))["settlement"] is None
    assert await world.payment.told(Settled) == []


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
async def test_while_the_bank_is_silent_worked_pay_is_still_coming(world: World, kind: str) -> None:
    placed, _ = await world.captured(100_000, weights=(1, 1))
    crew = world.crew(placed, True, False)
    await world.assign(placed, crew)
    await world.fault("POST /bank/v1/instructions", kind, times=1)
    await world.accept(placed, crew)
    await world.payment.run_due()
    assert await world.payment.told(Settled) == []
    assert [await world.coming(member.worker_id) for member in crew] == [[44_000], []]

    async with world.payment.begin() as tx:  # The pause goes by the wall clock.
        await tx.run("UPDATE timers SET leased_until = NULL")
    await world.payment.run_due()
    assert len(await world.payment.told(Settled)) == 1
    assert await world.coming(crew[0].worker_id) == []
    wallet = await world.wallet(crew[0].worker_id)
    assert wallet["available"] == [{"minor": 44_000, "currency": "HKD"}]


async def test_accepted_before_silence_would_have_it_is_due_since_then(world: World) -> None:
    placed, _ = await world.captured()
    [member] = crew = world.crew(placed, True)
    await world.assign(placed, crew)
    now = world.payment.clock.now()
    completed = OrderCompleted(
        **world.about(placed, "pending_acceptance"),
        crew=crew,
        visit_id=placed.visits[0].visit_id,
        ended_at=now,
        accept_until=now + timedelta(hours=48),
    )
    await world.payment.tell(completed)
    await world.accept(placed, crew)
    [share] = (await world.wallet(member.worker_id))["coming"]
    assert now <= datetime.fromisoformat(share["release_at"]) < now + timedelta(hours=1)


async def test_after_a_partial_refund_pay_and_commission_shrink_alike(world: World) -> None:
    placed, _ = await world.captured(100_000)
    headers = world.payment.headers(world.order().user_id, "staff")  # type: ignore[arg-type]
    body = {"order_id": str(placed.order_id), "amount_minor": 50_000, "reason": "half done"}
    path = "/staff/payment/refunds"
    answer = await world.payment.http.post(path, json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    await world.payment.run_due()
    await world.accept(placed, world.crew(placed, True))
    await world.payment.run_due()

    [told] = await world.payment.told(Settled)
    assert told.commission.minor == 6_000
    assert told.shares[0].net.minor == 44_000
