"""What an order costs the database, so that nobody makes it dearer unawares."""

import asyncio
from collections.abc import Awaitable
from typing import Any

from httpx import Response

from shared.kit.caller import Caller, Role
from tests.services.order.given import MONG_KOK, Shop
from tests.services.order.works import Works
from tests.support.service import as_json
from tests.support.statements import statements_of

# Statements; BEGIN and COMMIT count too.
PAID_MAX = 16
STEPS = {
    "assign": 5,
    "depart": 6,
    "arrive": 6,
    "see the job": 2,  # One of them for who looked at the doors.
    "send a photo": 11,
    "start": 6,
    "complete": 6,
    "see the order": 1,
    "accept": 6,
}


async def test_an_order_from_its_quote_to_its_capture_costs_few_statements(shop: Shop) -> None:
    await shop.paid(shop.cleaning)  # Connections learn their types at their first statements.
    with statements_of(shop.running.kit.engine) as seen:
        order = await shop.placed(shop.cleaning)
        headers = shop.running.internal(Caller(shop.user, Role.USER), "payment")
        as_json(await shop.http.get(f"/internal/orders/{order['id']}/payable", headers=headers))
        await shop.running.tell(shop.captured(order))
        await asyncio.sleep(0)  # The last one is noted when the driver's turn has come.

    assert await shop.state(order) == "pending_dispatch"
    assert 0 < len(seen) <= PAID_MAX, "\n".join(seen)


async def test_each_step_of_a_job_costs_few_statements(works: Works) -> None:
    await _life(works)
    said = await _life(works)

    told = "\n".join(f"{step}: {sql}" for step, every in said.items() for sql in every)
    assert {step: len(every) for step, every in said.items()} == STEPS, told


async def _life(works: Works) -> dict[str, list[str]]:
    """A job from its assignment to its acceptance; what each step says to the database."""
    order = await works.shop.placed(offering_id=str(works.checked))
    await works.running.tell(works.shop.captured(order))
    visit = (await works.shop.detail(order))["visits"][0]["id"]
    there: Any = {**MONG_KOK["point"], "accuracy_m": 5}  # type: ignore[dict-item]
    before, after = {"answers": {"keys": True}}, {"answers": {"rooms": 2, "floor": "dry"}}
    said: dict[str, list[str]] = {}

    async def watch(step: str, doing: Awaitable[Response | Any]) -> None:
        with statements_of(works.running.kit.engine) as said[step]:
            answer = await doing
            await asyncio.sleep(0)  # The last one is noted when the driver's turn has come.
        if isinstance(answer, Response):
            as_json(answer)

    await watch("assign", works.shop.assign(order, works.lead, visit=visit))
    await watch("depart", works.step(order, "depart"))
    await watch("arrive", works.step(order, "arrive", body=there))
    await watch("see the job", works.job(order))
    await watch("send a photo", works.send(order, "before", angle="front"))
    await watch("start", works.step(order, "start", body=before))
    as_json(await works.send(order))
    await watch("complete", works.step(order, "complete", body=after))
    await watch("see the order", works.shop.detail(order))
    await watch("accept", works.accept(order))
    return said
