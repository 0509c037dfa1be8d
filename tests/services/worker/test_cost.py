"""What a job costs the worker service's database, so that nobody makes it dearer unawares."""

import asyncio
from datetime import datetime
from typing import Any

from shared.contracts.ids import WorkerId
from shared.contracts.order import OrderAccepted, OrderArrived, OrderCompleted
from shared.contracts.worker import CreditChanged, SlotReleased
from shared.kit.events import Event
from tests.services.worker.events.test_handlers import FREE
from tests.services.worker.given import about, approved, book, crew_of, ids_of, job, tomorrow
from tests.support.service import Running, as_json
from tests.support.statements import statements_of

# BEGIN, COMMIT and the inbox's look count too.
BOOKED_MAX, ENDED_MAX, COUNTED_MAX = 5, 6, 6


async def booked(run: Running, body: dict[str, Any]) -> list[str]:
    """What goes over the wire for one booking."""
    with statements_of(run.kit.engine) as seen:
        as_json(await book(run, body))
        await asyncio.sleep(0)  # The driver says what it did a moment later.
    return seen


async def heard(run: Running, event: Event) -> list[str]:
    """What goes over the wire for one event."""
    with statements_of(run.kit.engine) as seen:
        await run.tell(event)
        await asyncio.sleep(0)
    return seen


async def a_job(run: Running, worker: WorkerId, starts_at: datetime) -> dict[str, list[str]]:
    """What each step of a job says to the database."""
    body = job(worker, starts_at)
    _, order, visit = ids_of(body)
    facts = about(order, crew_of(visit, worker))
    times = {"ended_at": starts_at, "accept_until": starts_at}
    return {
        "booked": await booked(run, body),
        "arrived": await heard(run, OrderArrived(**facts, visit_id=visit, late_seconds=1200)),
        "ended": await heard(run, OrderCompleted(**facts, visit_id=visit, **times)),
        "accepted": await heard(run, OrderAccepted(**facts, automatic=False, payable=FREE)),
    }


async def test_a_job_costs_few_statements(run: Running) -> None:
    worker = await approved(run)
    await a_job(run, worker, tomorrow(run))  # Connections learn their types.

    seen = await a_job(run, worker, tomorrow(run, 12))

    most = {"booked": BOOKED_MAX, "ended": ENDED_MAX}
    for step, said in seen.items():
        assert 0 < len(said) <= most.get(step, COUNTED_MAX), "\n".join([step, *said])
    assert len(await run.told(CreditChanged)) == 4
    assert len(await run.told(SlotReleased)) == 2
