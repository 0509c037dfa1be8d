"""A paid order begins to be searched for."""

from datetime import timedelta

from shared.contracts.shapes import Urgency
from tests.conftest import ServiceFixture
from tests.services.dispatch.given import paid, scene


async def test_the_first_round_is_due_at_once_and_the_deadline_is_set(
    service: ServiceFixture,
) -> None:
    async with scene(service) as here:
        order = paid(here.now, crew=2)
        await here.dispatch.tell_twice(order)

        async with here.dispatch.begin() as tx:
            rows = await tx.run("SELECT kind, due_at FROM timers ORDER BY due_at")
        assert [row["kind"] for row in rows] == ["search", "search", "escalate"]
        assert rows[0]["due_at"] <= here.now
        assert rows[2]["due_at"] == order.search_until


async def test_a_scheduled_job_finds_workers_by_where_they_live(service: ServiceFixture) -> None:
    async with scene(service) as here:
        at_home = await here.worker(metres=11_000)  # Far off just now, at home near the job.
        tomorrow = here.now + timedelta(days=1)
        await here.paid(
            urgency=Urgency.SCHEDULED, starts_at=tomorrow, search_until=tomorrow, skill="cleaning"
        )

        [offer] = await here.offers(at_home)
        assert offer["eta_seconds"] < 180
