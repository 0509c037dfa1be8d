"""Who is near is found by an index, however many workers there are."""

from datetime import timedelta
from typing import Any, cast

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from services.dispatch.domain.candidate import Job
from services.dispatch.domain.hours import Interval
from services.dispatch.storage.nearby import workers_near
from shared.contracts.shapes import Urgency
from shared.kit.ids import new_id
from shared.kit.session import Transaction
from tests.conftest import ServiceFixture
from tests.services.dispatch.given import SHA_TIN
from tests.support.service import Running

WORKERS = 6_000
# One in each cell of Hong Kong in turn, all of them heard of just now.
_CANDIDATES = f"""
INSERT INTO candidates (worker_id, approved, suspended, skills, equipment, districts, base_lat,
    base_lng, base_cell, radius_m, shifts, days_off, travel_buffer_seconds, credit, jobs_done)
SELECT gen_random_uuid(), true, false, '[]', '[]', '[]', 22.13, 113.82,
    (1106 + n % 22) * 1000 + 691 + n / 22 % 32, 8000, '[]', '[]', 900, 80, 0
FROM generate_series(1, {WORKERS}) n
"""
_PRESENCES = """
INSERT INTO presences (worker_id, online, lat, lng, cell, located_at)
SELECT worker_id, true, base_lat, base_lng, base_cell, :now FROM candidates
"""


class Explained:
    """A transaction that keeps the plan of each statement before it runs it."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self.now = tx.now
        self.plans: list[str] = []

    async def run(self, sql: str, *values: object) -> Any:
        plan = await self._tx.run(f"EXPLAIN {sql}", *values)
        self.plans.append("\n".join(row[0] for row in plan))
        return await self._tx.run(sql, *values)


async def _fill(dispatch: Running) -> None:
    """Many workers all over Hong Kong, and the planner knows of them."""
    engine = create_async_engine(dispatch.kit.settings.owner_database_url)
    async with engine.begin() as connection:
        await connection.execute(text(_CANDIDATES))
        await connection.execute(text(_PRESENCES), {"now": dispatch.clock.now()})
        await connection.execute(text("ANALYZE candidates, presences"))
    await engine.dispose()


@pytest.mark.parametrize(
    ("urgency", "index"),
    [(Urgency.RESCUE, "ix_presences_cell"), (Urgency.SCHEDULED, "ix_candidates_base_cell")],
)
async def test_candidates_are_found_by_an_index_not_by_a_scan(
    service: ServiceFixture, urgency: Urgency, index: str
) -> None:
    dispatch = await service("dispatch")
    await _fill(dispatch)
    now = dispatch.clock.now()
    job = Job(
        order_id=new_id(),
        user_id=new_id(),
        visit_id=new_id(),
        position=1,
        urgency=urgency,
        skill="towing",
        level=1,
        equipment="",
        point=SHA_TIN,
        district="ST",
        time=Interval(now, now + timedelta(hours=1)),
    )
    async with dispatch.begin() as tx:
        explained = Explained(tx)
        found = await workers_near(cast(Transaction, explained), job, 3_000)

    assert 0 < len(found) < WORKERS / 10
    plan = explained.plans[0]
    assert index in plan
    assert f"Seq Scan on {index.split('_')[1]}" not in plan
