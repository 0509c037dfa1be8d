"""Who is near a job, with everything that the filters and the cost look at.

Found by the cells of a fixed grid, never by a scan; urgent jobs by where workers are, others by
where they live.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Any
from uuid import UUID

import orjson

from services.dispatch.domain.candidate import Candidate, Job
from services.dispatch.domain.hours import DAY, HONG_KONG, Interval
from services.dispatch.domain.places import cells_around
from shared.contracts.shapes import Point
from shared.contracts.worker import Shift
from shared.kit.session import Transaction

HEARD_SINCE = timedelta(minutes=30)  # Who was silent for longer is not even passed over.
WORKERS_MAX = 2_000
PROFILES_MAX = 4_096  # Texts of profiles that are kept as read.

# Profiles come as texts: many are alike, and each text is read once.
_WORKER = """
    c.worker_id, c.approved, c.suspended, c.skills::text, c.equipment::text, c.districts::text,
    c.base_lat, c.base_lng, c.radius_m, c.shifts::text, c.days_off::text, c.travel_buffer_seconds,
    c.credit, c.offers_accepted, c.offers_declined, c.offers_expired,
    coalesce(p.online, false) AS online, p.lat, p.lng, p.located_at, p.idle_since,
    open.worker_id IS NOT NULL AS has_open_offer,
    coalesce(asked.times, 0) AS times_asked, coalesce(asked.refused, false) AS has_refused
"""
# $2 is the order: how often each worker was asked for it.
_OFFERS = """
LEFT JOIN offers open ON open.worker_id = c.worker_id AND open.state IN ('offered', 'claiming')
LEFT JOIN (
    SELECT worker_id, count(*) AS times, bool_or(state IN ('declined', 'released')) AS refused
    FROM offers WHERE order_id = $2 GROUP BY worker_id) asked ON asked.worker_id = c.worker_id
"""
# The nearest, where there are more than can be judged; $4 and $5 are the job's place.
_SEEN = f"""
SELECT {_WORKER}
FROM presences p JOIN candidates c USING (worker_id) {_OFFERS}
WHERE p.cell = ANY($1::bigint[]) AND p.located_at > $6
ORDER BY power(p.lat - $4, 2) + power(0.926 * (p.lng - $5), 2) LIMIT $3
"""
_AT_HOME = f"""
SELECT {_WORKER}
FROM candidates c LEFT JOIN presences p USING (worker_id) {_OFFERS}
WHERE c.base_cell = ANY($1::bigint[])
ORDER BY coalesce(p.online, false) DESC,
    power(c.base_lat - $4, 2) + power(0.926 * (c.base_lng - $5), 2) LIMIT $3
"""
# Bookings as told, and accepted offers whose booking may not have been told yet.
_BUSY = """
SELECT worker_id, starts_at, ends_at, true AS buffered, offer_id FROM slots
WHERE worker_id = ANY($1::uuid[]) AND ends_at > $2 AND starts_at < $3
UNION ALL
SELECT worker_id, starts_at, ends_at, false, id FROM offers
WHERE worker_id = ANY($1::uuid[]) AND state = 'accepted' AND ended_at IS NULL AND starts_at < $3
"""


async def workers_near(tx: Transaction, job: Job, radius_m: int) -> list[Candidate]:
    """The workers within some distance of a job, and those in the corners of the grid around it."""
    place = (job.point.lat, job.point.lng)
    near = (cells_around(job.point, radius_m), job.order_id, WORKERS_MAX, *place)
    if job.is_urgent:
        rows = await tx.run(_SEEN, *near, tx.now - HEARD_SINCE)
    else:
        rows = await tx.run(_AT_HOME, *near)
    if not rows:
        return []
    buffers = {row["worker_id"]: _buffer(row) for row in rows}
    busy, loads = await _calendars(tx, job, buffers)
    return [_candidate(row, busy[row["worker_id"]], loads[row["worker_id"]]) for row in rows]


async def _calendars(
    tx: Transaction, job: Job, buffers: dict[UUID, timedelta]
) -> tuple[dict[UUID, list[Interval]], dict[UUID, int]]:
    """What each worker has to do around a job, and how many jobs they have that day."""
    day = _day_of(job.time.starts_at)
    widest = job.time.widened(max(buffers.values()) * 2)
    since, until = min(widest.starts_at, day.starts_at), max(widest.ends_at, day.ends_at)
    busy: dict[UUID, list[Interval]] = defaultdict(list)
    that_day: dict[UUID, set[UUID]] = defaultdict(set)
    for row in await tx.run(_BUSY, list(buffers), since, until):
        worker_id = row["worker_id"]
        taken = Interval(row["starts_at"], row["ends_at"])
        if not row["buffered"]:
            taken = _at_hand(taken, tx.now).widened(buffers[worker_id])
        busy[worker_id].append(taken)
        if taken.overlaps(day):
            that_day[worker_id].add(row["offer_id"])
    return busy, defaultdict(int, {worker: len(jobs) for worker, jobs in that_day.items()})


def _at_hand(job: Interval, now: datetime) -> Interval:
    """A job that has begun and is not told as done lasts until now at least."""
    return Interval(job.starts_at, max(job.ends_at, now) if job.starts_at <= now else job.ends_at)


def _day_of(instant: datetime) -> Interval:
    midnight = datetime.combine(instant.astimezone(HONG_KONG).date(), time(), HONG_KONG)
    return Interval(midnight, midnight + DAY)


def _buffer(row: Any) -> timedelta:
    return timedelta(seconds=row["travel_buffer_seconds"])


def _candidate(row: Any, busy: Sequence[Interval], jobs_that_day: int) -> Candidate:
    seen = row["lat"] is not None
    return Candidate(
        worker_id=row["worker_id"],
        online=row["online"],
        approved=row["approved"],
        suspended=row["suspended"],
        skills=_skills(row["skills"]),
        equipment=_codes(row["equipment"]),
        districts=_codes(row["districts"]),
        base=Point(lat=row["base_lat"], lng=row["base_lng"]),
        radius_m=row["radius_m"],
        shifts=_shifts(row["shifts"]),
        days_off=_days_off(row["days_off"]),
        buffer=_buffer(row),
        position=Point(lat=row["lat"], lng=row["lng"]) if seen else None,
        located_at=row["located_at"],
        idle_since=row["idle_since"],
        credit=row["credit"],
        offers_accepted=row["offers_accepted"],
        offers_declined=row["offers_declined"],
        offers_expired=row["offers_expired"],
        busy=busy,
        jobs_that_day=jobs_that_day,
        has_open_offer=row["has_open_offer"],
        offers_of_order=row["times_asked"],
        refused_order=row["has_refused"],
    )


@lru_cache(PROFILES_MAX)
def _shifts(text: str) -> Sequence[Shift]:
    return tuple(Shift(**shift) for shift in orjson.loads(text))


@lru_cache(PROFILES_MAX)
def _days_off(text: str) -> Sequence[date]:
    return tuple(date.fromisoformat(off["on"]) for off in orjson.loads(text))


@lru_cache(PROFILES_MAX)
def _skills(text: str) -> Mapping[str, int]:
    return MappingProxyType({skill["code"]: int(skill["level"]) for skill in orjson.loads(text)})


@lru_cache(PROFILES_MAX)
def _codes(text: str) -> frozenset[str]:
    return frozenset(orjson.loads(text))
