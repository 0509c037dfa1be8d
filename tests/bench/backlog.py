"""A backlog of events that nobody has told yet, drained by relay and consumers; none lost."""

import asyncio
import time

import asyncpg

from tests.bench import meter
from tests.bench.crew import hire
from tests.bench.figure import LOWER, Figure
from tests.bench.ground import Ground
from tests.bench.settled import until_heard

WANTED = 100_000
GOAL_SECONDS = 300
PATIENCE_SECONDS = 900
TYPE = "worker.profile_changed.v1"
LISTENERS = {
    "order": "remember_worker@worker",
    "dispatch": "keep_profile@worker",
}

# Each event is another worker's, as after an import of workers: keys spread, nothing repeats.
_TELL = """
WITH told AS (SELECT * FROM outbox WHERE type = $1 ORDER BY seq DESC LIMIT 1),
fresh AS (SELECT uuidv7() AS event_id, uuidv7() AS key FROM generate_series(1, $2::int)),
counted AS (INSERT INTO event_versions (key, version) SELECT key, 1 FROM fresh RETURNING key)
INSERT INTO outbox (id, type, topic, compacted, key, version, time, body, traceparent, causation)
SELECT f.event_id, t.type, t.topic, t.compacted, f.key, 1, t.time,
    replace(t.body, t.key::text, f.key::text), '', NULL
FROM fresh f JOIN counted c ON c.key = f.key CROSS JOIN told t RETURNING id
"""
_UNSENT = "SELECT count(*) FROM outbox WHERE sent_at IS NULL"
_HEARD = "SELECT count(*) FROM inbox WHERE handler = $1 AND event_id = ANY($2::uuid[])"
_DEAD = "SELECT count(*) FROM dead_events"


async def measure(ground: Ground) -> list[Figure]:
    """Seconds that a hundred thousand events take; measured with fewer unless more are asked."""
    await hire(ground, 1)  # Whose event the others are made after.
    await until_heard(ground)
    events = ground.sizes.events
    async with ground.books() as books:
        before = meter.cpu_seconds(ground.children())
        began = time.monotonic()
        ids = [row["id"] for row in await books["worker"].fetch(_TELL, TYPE, events)]
        written = time.monotonic() - began
        sent = await _until_sent(books["worker"]) - began
        drained = await until_heard(ground, patience_seconds=PATIENCE_SECONDS) - began
        cpu = meter.used(before, meter.cpu_seconds(ground.children()))
        heard = {
            service: await books[service].fetchval(_HEARD, handler, ids)
            for service, handler in LISTENERS.items()
        }
        dead = sum([await book.fetchval(_DEAD) for book in books.values()])
    lost = sum(events - count for count in heard.values())
    detail = {
        "events": events,
        "seconds": drained,
        "seconds_until_written": written,
        "seconds_until_all_sent": sent,
        "heard": heard,
        "scaled_to": WANTED,
        "cpu_seconds_by_process": cpu,
        **meter.surroundings(),
    }
    scaled = drained * WANTED / events
    return [
        Figure("backlog", scaled, GOAL_SECONDS, LOWER, "s for 100,000 events", detail),
        Figure("backlog_lost", float(lost + dead), 0, LOWER, "events", {"dead": dead}),
    ]


async def _until_sent(book: asyncpg.Connection) -> float:
    """When the relay has sent everything."""
    while True:
        if not await book.fetchval(_UNSENT):
            return time.monotonic()
        await asyncio.sleep(0.25)
