"""Workers into positions, at once and again."""

import asyncio
from functools import partial
from uuid import UUID

from httpx import Response

from services.order.storage.assignments import free_position
from services.order.storage.locking import order_with_crew_for_update
from shared.contracts.ids import OfferId, OrderId, WorkerId
from shared.contracts.order import OrderAssigned, OrderCancelled
from shared.kit.caller import SYSTEM
from shared.kit.ids import new_id
from tests.services.order.given import Shop, race
from tests.support.service import as_json


def code(answer: Response) -> str:
    return str(answer.json().get("type", "")).rpartition("/")[2]


async def test_the_order_is_assigned_when_its_last_position_is_filled(shop: Shop) -> None:
    order = await shop.paid(shop.cleaning)
    lead, second = new_id(), new_id()
    as_json(await shop.assign(order, second, 2))
    assert await shop.state(order) == "pending_dispatch"
    as_json(await shop.assign(order, lead, 1))
    [told] = await shop.running.told(OrderAssigned)
    assert [(c.position, c.worker_id, c.worked) for c in told.crew] == [
        (1, lead, False),
        (2, second, False),
    ]


async def test_the_same_offer_again_gets_the_same_answer(shop: Shop) -> None:
    order = await shop.paid()
    offer, worker = new_id(), new_id()
    answers = [as_json(await shop.assign(order, worker, 1, offer)) for _ in range(3)]
    assert answers == [{"state": "assigned", "complete": True}] * 3
    assert len(await shop.running.told(OrderAssigned)) == 1


async def test_of_sixteen_offers_for_one_position_one_fills_it(shop: Shop) -> None:
    order = await shop.paid()
    answers = await asyncio.gather(*(shop.assign(order, new_id(), 1) for _ in range(16)))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 15
    assert {code(answer) for answer in answers if answer.is_error} == {"position-filled"}
    assert len(await shop.running.told(OrderAssigned)) == 1


async def test_both_positions_filled_at_once_assign_the_order_once(shop: Shop) -> None:
    order = await shop.paid(shop.cleaning)
    answers = await asyncio.gather(*(shop.assign(order, new_id(), n) for n in (1, 2)))
    assert sorted(as_json(answer)["complete"] for answer in answers) == [False, True]
    assert len(await shop.running.told(OrderAssigned)) == 1


async def test_refusals_name_what_is_wrong(shop: Shop) -> None:
    order = await shop.paid(shop.cleaning)
    worker = new_id()
    as_json(await shop.assign(order, worker, 1))
    assert code(await shop.assign(order, new_id(), 1)) == "position-filled"
    assert code(await shop.assign(order, worker, 2)) == "worker-already-in-crew"
    assert code(await shop.assign(order, WorkerId(shop.user), 2)) == "own-order"
    assert code(await shop.assign(order, new_id(), 3)) == "position-not-found"
    unpaid = await shop.placed()
    assert code(await shop.assign(unpaid, new_id(), 1)) == "move-refused"


async def test_a_released_offer_is_never_assigned_again(shop: Shop) -> None:
    order = await shop.paid(shop.cleaning)
    offer, worker = OfferId(new_id()), new_id()
    as_json(await shop.assign(order, worker, 1, offer))
    async with shop.running.begin() as tx:
        row, crew = await order_with_crew_for_update(tx, SYSTEM, OrderId(UUID(order["id"])))
        seat = crew.seats[0]
        assert seat.worker_id == worker
        assert free_position(tx, row, seat).worker_id is None
    assert code(await shop.assign(order, worker, 1, offer)) == "offer-released"
    as_json(await shop.assign(order, new_id(), 1))


async def test_a_cancel_against_an_assignment_has_one_winner(shop: Shop) -> None:
    for _ in range(8):
        order = await shop.paid()
        visit = order["visits"][0]["id"]
        cancel, assign = await race(
            "order_to_fill_for_update",
            partial(shop.cancel, order),
            partial(shop.assign, order, new_id(), visit=visit),
        )
        assert cancel.is_success != assign.is_success
        state = await shop.state(order)
        assert state == ("cancelled" if cancel.is_success else "assigned")
    told = await shop.running.told(OrderAssigned, OrderCancelled)
    assert len({event.order_id for event in told}) == len(told) == 8
