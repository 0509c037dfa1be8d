"""What falls due after a job, on the service's own clock."""

from typing import Any

from shared.contracts.order import OrderAccepted, OrderCompletedUnreviewed
from tests.services.order.works import Works


async def due(works: Works) -> dict[str, Any]:
    async with works.running.begin() as tx:
        rows = await tx.run("SELECT kind, due_at FROM timers")
    return {row["kind"]: row["due_at"] for row in rows}


async def test_silence_accepts_and_then_closes_each_once(own_works: Works) -> None:
    order = await own_works.completed()
    await own_works.running.pass_time(hours=48)
    await own_works.running.run_due()
    await own_works.running.pass_time(days=15)
    await own_works.running.run_due()

    told = await own_works.told(order, OrderAccepted, OrderCompletedUnreviewed)
    assert [type(event) for event in told] == [OrderAccepted, OrderCompletedUnreviewed]
    assert await own_works.state(order) == "completed"


async def test_each_timer_is_set_when_it_begins_to_matter_and_gone_after(own_works: Works) -> None:
    order = await own_works.completed()
    assert "auto_accept" in await due(own_works)
    await own_works.accept(order)
    assert "auto_accept" not in await due(own_works)
    assert "close_review" in await due(own_works)
    await own_works.review(order)
    left = await due(own_works)

    assert {"auto_accept", "close_review", "evidence_cut"} & set(left) == set()
