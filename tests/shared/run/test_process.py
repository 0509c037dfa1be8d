"""The upkeep of a background process: what waits is measured, what is old is forgotten."""

import asyncio

from shared.kit.ids import new_id
from shared.kit.metrics import REGISTRY
from shared.run import process
from tests.support.service import Running
from tests.support.toy.domain.tool import ToolLent

_DEAD = """
INSERT INTO dead_events (handler, event_id, key, version, headers, body, error)
VALUES ('note_it@toy', $1, $1, 1, '{}', '', '')
"""
_OLD = """
INSERT INTO inbox (handler, event_id, received_at)
SELECT 'note_it@toy', uuidv7(), clock_timestamp() - interval '36 days' FROM generate_series(1, $1)
"""


def shown(metric: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(metric, labels)


async def test_the_metrics_show_what_waits_now_and_not_what_once_did(toy: Running) -> None:
    async with toy.begin() as tx:
        await tx.run(_DEAD, new_id())
        await tx.schedule("in", new_id(), tx.now)
        tx.publish(ToolLent(tool_id=new_id(), note="not sent"))
    async with toy.begin() as tx:
        await tx.run("UPDATE outbox SET written_at = clock_timestamp() - interval '1 hour'")
    toy.clock.advance_to(120)
    await process.measure(toy.kit)
    assert shown("dead_events", handler="note_it@toy") == 1
    assert shown("timers_overdue") == 1
    assert shown("outbox_unsent") == 1
    assert 3600 <= (shown("outbox_oldest_seconds") or 0) < 3700

    async with toy.begin() as tx:
        await tx.run("DELETE FROM dead_events")
        await tx.run("DELETE FROM timers")
        await tx.run("UPDATE outbox SET sent_at = clock_timestamp()")
    await process.measure(toy.kit)
    assert shown("dead_events", handler="note_it@toy") is None
    assert shown("timers_overdue") == 0
    assert [shown("outbox_unsent"), shown("outbox_oldest_seconds")] == [0, 0]


async def test_old_records_are_forgotten_faster_than_a_fleet_makes_them(toy: Running) -> None:
    async with toy.begin() as tx:
        await tx.run(_OLD, 6_000)
        await tx.run("INSERT INTO inbox (handler, event_id) VALUES ('note_it@toy', $1)", new_id())
    process_loop = asyncio.create_task(process._keep_up(toy.kit))
    left = 6_001
    for _ in range(100):
        await asyncio.sleep(0.05)
        async with toy.begin() as tx:
            left = (await tx.run("SELECT count(*) FROM inbox"))[0][0]
        if left == 1_001:
            break
    process_loop.cancel()
    await asyncio.gather(process_loop, return_exceptions=True)

    assert left == 1_001
    assert process.PRUNED_MAX / process.UPKEEP_EVERY_SECONDS > 300
