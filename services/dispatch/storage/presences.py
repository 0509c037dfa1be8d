"""Rows of where workers are: one updated row a worker, which passes through no outbox."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from services.dispatch.domain.places import cell_of
from services.dispatch.storage import Row
from shared.contracts.ids import WorkerId
from shared.contracts.shapes import Point
from shared.kit.session import Transaction


class Presence(Row):
    """Whether a worker takes offers, and where they were last."""

    __tablename__ = "presences"
    __table_args__ = (
        Index("ix_presences_cell", "cell", postgresql_where=text("cell IS NOT NULL")),
    )

    worker_id: Mapped[WorkerId] = mapped_column(Uuid, primary_key=True)
    online: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    online_at: Mapped[datetime | None] = mapped_column(default=None)
    idle_since: Mapped[datetime | None] = mapped_column(default=None)  # Ties go to the longest.
    lat: Mapped[float | None] = mapped_column(default=None)
    lng: Mapped[float | None] = mapped_column(default=None)
    accuracy_m: Mapped[int | None] = mapped_column(default=None)
    cell: Mapped[int | None] = mapped_column(default=None)
    located_at: Mapped[datetime | None] = mapped_column(default=None)
    heard_at: Mapped[datetime | None] = mapped_column(default=None)  # Wall time, for the limit.


_SWITCH = """
INSERT INTO presences (worker_id, online, online_at, idle_since)
VALUES ($1, $2, CASE WHEN $2 THEN $3::timestamptz END, CASE WHEN $2 THEN $3::timestamptz END)
ON CONFLICT (worker_id) DO UPDATE SET
    online = excluded.online,
    online_at = CASE WHEN NOT excluded.online THEN NULL
                     WHEN presences.online THEN presences.online_at ELSE excluded.online_at END,
    idle_since = CASE WHEN NOT excluded.online THEN NULL
                      ELSE coalesce(presences.idle_since, excluded.idle_since) END
RETURNING coalesce(old.online, false) AS was_online, online, online_at, located_at
"""
_LOCATE = """
INSERT INTO presences (worker_id, lat, lng, accuracy_m, cell, located_at, heard_at)
VALUES ($1, $2, $3, $4, $5, $6, clock_timestamp())
ON CONFLICT (worker_id) DO UPDATE SET
    lat = excluded.lat, lng = excluded.lng, accuracy_m = excluded.accuracy_m,
    cell = excluded.cell, located_at = excluded.located_at, heard_at = excluded.heard_at
WHERE (presences.heard_at IS NULL
       OR presences.heard_at <= excluded.heard_at - make_interval(secs => $7))
  AND (presences.located_at IS NULL OR presences.located_at <= excluded.located_at)
RETURNING online, old.located_at AS was_located_at, old.cell AS was_in
"""
_HEARD = """
SELECT heard_at > clock_timestamp() - make_interval(secs => $2) AS too_often
FROM presences WHERE worker_id = $1
"""


@dataclass(frozen=True, slots=True)
class Switched:
    """What a switch of presence changed."""

    was_online: bool
    online: bool
    online_at: datetime | None
    located_at: datetime | None


async def switch(tx: Transaction, worker_id: UUID, online: bool) -> Switched:
    """Set whether a worker takes offers."""
    [row] = await tx.run(_SWITCH, worker_id, online, tx.now)
    return Switched(**row)


@dataclass(frozen=True, slots=True)
class Heard:
    """What became of a position."""

    too_often: bool = False
    is_news: bool = False  # The worker was out of sight, or has come into another cell.


async def locate(
    tx: Transaction,
    worker_id: UUID,
    point: Point,
    accuracy_m: int,
    at: datetime,
    every_seconds: float,
    fresh_since: datetime,
) -> Heard:
    """Keep where a worker is, unless they said so a moment ago or a later place is known."""
    cell = cell_of(point)
    place = (point.lat, point.lng, accuracy_m, cell, at)
    rows = await tx.run(_LOCATE, worker_id, *place, every_seconds)
    if rows:
        before = rows[0]["was_located_at"]
        unseen = before is None or before < fresh_since
        moved = rows[0]["was_in"] != cell
        return Heard(is_news=bool(rows[0]["online"]) and (unseen or moved))
    [row] = await tx.run(_HEARD, worker_id, every_seconds)
    return Heard(too_often=bool(row["too_often"]))


async def places_of(tx: Transaction, worker_id: UUID) -> list[Point]:
    """Where a worker could set out from: where they are, and where they live."""
    rows = await tx.run(
        "SELECT lat, lng FROM presences WHERE worker_id = $1 AND cell IS NOT NULL"
        " UNION SELECT base_lat, base_lng FROM candidates WHERE worker_id = $1",
        worker_id,
    )
    return [Point(lat=row["lat"], lng=row["lng"]) for row in rows]
