"""Credit moves once a cause, and agrees with a recount."""

import random

import pytest
from asyncpg import InsufficientPrivilegeError

from services.worker.domain.credit import FIRST_POINTS, FactKind, terms_of
from services.worker.domain.worker import WorkerNotFound
from services.worker.storage.credit import recent_facts
from services.worker.use_cases.count_fact import count_fact
from shared.contracts.ids import OrderId, WorkerId
from shared.contracts.worker import CreditChanged, ProfileChanged
from shared.kit.caller import SYSTEM, Caller, Role
from shared.kit.ids import new_id
from tests.services.worker.given import ALL_WEEK, approved, get, put, race
from tests.support.service import Running, as_json

VALUES = {
    FactKind.COMPLETED: [0],
    FactKind.BREACHED: [0],
    FactKind.RATED: [1, 2, 3, 4, 5],
    FactKind.ARRIVED: [-60, 0, 600, 601, 4000],
}


async def count(run: Running, worker: WorkerId, kind: FactKind, value: int = 0) -> None:
    async with run.begin() as tx:
        await count_fact(tx, SYSTEM, worker, OrderId(new_id()), kind, value, new_id())


async def test_ten_tellings_of_one_cause_count_once(run: Running) -> None:
    worker = await approved(run)
    cause, order = new_id(), OrderId(new_id())

    async def tell() -> None:
        async with run.begin() as tx:
            await count_fact(tx, SYSTEM, worker, order, FactKind.COMPLETED, 0, cause)

    await race("credit_for_update", *[tell] * 10)
    [changed] = await run.told(CreditChanged)
    assert (changed.before, changed.cause, changed.order_id) == (89.75, "completed", order)
    assert (await get(run, worker, "credit"))["jobs_done"] == 1


async def test_facts_that_come_at_once_all_count(run: Running) -> None:
    worker = await approved(run)

    async def tell() -> None:
        await count(run, worker, FactKind.COMPLETED)

    await race("credit_for_update", *[tell] * 10)
    seen = await get(run, worker, "credit")
    assert (seen["jobs_done"], seen["orders_counted"]) == (10, 10)
    changes = await run.told(CreditChanged)
    assert changes[-1].credit == seen["credit"]
    assert [c.before for c in changes[1:]] == [c.credit for c in changes[:-1]]


async def test_a_credit_that_moved_is_told_once_and_stands_in_the_next_profile(
    run: Running,
) -> None:
    worker = await approved(run)
    before = await run.told(ProfileChanged)
    await count(run, worker, FactKind.COMPLETED)

    [changed] = await run.told(CreditChanged)
    assert await run.told(ProfileChanged) == before
    as_json(await put(run, worker, "schedule", {"shifts": ALL_WEEK[:5]}))
    profile = (await run.told(ProfileChanged))[-1]
    assert (profile.credit, profile.jobs_done) == (changed.credit, 1)


async def test_nobody_counts_for_others(run: Running) -> None:
    worker, other = await approved(run), Caller(await approved(run), Role.WORKER)
    for caller, about in ((other, worker), (SYSTEM, WorkerId(new_id()))):
        with pytest.raises(WorkerNotFound):
            async with run.begin() as tx:
                fact = (OrderId(new_id()), FactKind.COMPLETED, 0, new_id())
                await count_fact(tx, caller, about, *fact)


async def test_the_running_score_is_the_recount_and_the_sum_of_its_deltas(run: Running) -> None:
    worker = await approved(run)
    draw = random.Random(7)
    for _ in range(60):
        kind = draw.choice(list(VALUES))
        run.clock.advance_to(run.clock.offset_seconds + draw.randrange(3 * 86_400))
        await run.run_due()
        await count(run, worker, kind, draw.choice(VALUES[kind]))

        async with run.begin() as tx:
            recount = terms_of(await recent_facts(tx, worker), tx.now).points()
            [row] = await tx.run("SELECT credit_points FROM workers WHERE id = $1", worker)
            [sums] = await tx.run("SELECT sum(after - before) FROM credit_events")
        assert row[0] == recount == FIRST_POINTS + sums[0]
    changes = await run.told(CreditChanged)
    assert all(change.credit != change.before for change in changes)
    assert (await get(run, worker, "credit"))["credit"] == changes[-1].credit
    assert [c.before for c in changes[1:]] == [c.credit for c in changes[:-1]]


async def test_nobody_rewrites_what_counted(run: Running) -> None:
    await count(run, await approved(run), FactKind.BREACHED)
    for sql in ("UPDATE credit_events SET value = 1", "DELETE FROM credit_events"):
        with pytest.raises(InsufficientPrivilegeError):
            async with run.begin() as tx:
                await tx.run(sql)
    with pytest.raises(InsufficientPrivilegeError):
        async with run.begin() as tx:
            await tx.run("DELETE FROM decisions")
