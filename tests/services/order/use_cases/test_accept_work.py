"""The user accepts, silence does, never both."""

import asyncio

import pytest

from shared.contracts.order import OrderAccepted
from shared.kit.ids import new_id
from tests.conftest import ServiceFixture
from tests.services.order.works import Works
from tests.services.order.works import works as open_works
from tests.support.sandbox import Sandbox
from tests.support.service import as_json


@pytest.fixture
async def works(service: ServiceFixture, sandbox: Sandbox) -> Works:
    return await open_works(service, sandbox)


async def test_the_crew_is_named_with_who_worked_and_what_was_paid(works: Works) -> None:
    order = await works.completed()
    view = as_json(await works.accept(order))

    [told] = await works.running.told(OrderAccepted)
    row, _, _ = await works.rows(order)
    assert (view["state"], told.state, told.automatic) == ("pending_review",) * 2 + (False,)
    assert told.payable == row.payable
    assert [(crew.worker_id, crew.worked) for crew in told.crew] == [
        (works.lead, True),
        (works.mate, False),
    ]


async def test_nobody_else_accepts(works: Works) -> None:
    order = await works.completed()
    url = f"/orders/{order['id']}/accept"
    stranger = await works.http.post(url, headers=works.shop.as_user(user=new_id()))
    lead = await works.http.post(url, headers=works.as_worker())

    assert (stranger.status_code, lead.status_code) == (404, 403)
    assert await works.state(order) == "pending_acceptance"
    assert await works.running.pass_time(hours=48) == 1  # Refused, they did not stop the clock.
    assert await works.state(order) == "pending_review"


async def test_unfinished_work_is_not_accepted(works: Works) -> None:
    order = await works.started()
    refused = await works.accept(order)

    assert (refused.status_code, refused.json()["state"]) == (409, "in_service")


async def test_accepted_work_is_not_accepted_again_by_time(works: Works) -> None:
    order = await works.accepted()
    await works.running.pass_time(hours=49)

    assert len(await works.running.told(OrderAccepted)) == 1
    assert await works.state(order) == "pending_review"


async def test_ten_retries_of_one_acceptance_get_one_answer(works: Works) -> None:
    order, key = await works.completed(), new_id()
    answers = await asyncio.gather(*(works.accept(order, key) for _ in range(10)))

    assert {answer.text for answer in answers} == {answers[0].text}
    assert len(await works.running.told(OrderAccepted)) == 1


@pytest.mark.race("order_for_update")
async def test_the_user_races_the_clock_and_either_wins_alone(works: Works) -> None:
    """Offsets widen until each side has won; neither ever waits for a deadlock."""
    won: dict[str, int] = {"user": 0, "clock": 0}
    for round in range(24):
        works.lead, works.mate = new_id(), new_id()
        order = await works.completed()
        works.running.clock.advance_to(works.running.clock.offset_seconds + 48 * 3600 + 1)
        lag = 0.004 * (round // 2) * (1 if round % 2 else -1)

        async def user(order: dict[str, object] = order, lag: float = lag) -> int:
            await asyncio.sleep(max(0.0, lag))
            return (await works.accept(order)).status_code

        async def clock(lag: float = lag) -> int:
            await asyncio.sleep(max(0.0, -lag))
            return await works.running.run_due()

        status, _ = await asyncio.gather(user(), clock())
        told = [
            e for e in await works.running.told(OrderAccepted) if str(e.order_id) == order["id"]
        ]
        assert len(told) == 1
        assert status == (409 if told[0].automatic else 200)
        won["clock" if told[0].automatic else "user"] += 1
        if min(won.values()) >= 3 and round >= 9:
            break
    assert min(won.values()) >= 2, won
