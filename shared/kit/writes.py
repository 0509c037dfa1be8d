"""What a transaction writes as its last act: new rows, timers, events, an answer; one statement.

Each part is a common table expression of one ``WITH``, so that a use case costs one round trip for
all it writes. The parts see nothing of each other and may not touch the same row.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, lru_cache
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Enum, inspect
from sqlalchemy.dialects.postgresql import JSONB

from shared.kit.events import Event
from shared.kit.ids import new_id
from shared.kit.log import traceparent
from shared.kit.rows import Base

_PLACEHOLDER = re.compile(r"\$([0-9]+)")
_SCHEDULE = """
INSERT INTO timers (id, kind, ref, due_at, payload)
SELECT id, kind, ref, due_at, payload::jsonb
FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::timestamptz[], $5::text[])
    AS t (id, kind, ref, due_at, payload)
ON CONFLICT (kind, ref) DO UPDATE
SET due_at = excluded.due_at, payload = excluded.payload, attempts = 0, leased_until = NULL
"""
_CANCEL = """
DELETE FROM timers t USING unnest($1::text[], $2::uuid[]) AS c (kind, ref)
WHERE t.kind = c.kind AND t.ref = c.ref
"""
# A key's counter is its lock, so that seq order within a key is true order. Keys are counted in one
# order everywhere, or two transactions that tell of two things each deadlock.
_COUNT = """
INSERT INTO event_versions AS v (key, version)
SELECT key, count(*) FROM unnest($1::uuid[]) AS key GROUP BY key ORDER BY key
ON CONFLICT (key) DO UPDATE SET version = v.version + excluded.version
RETURNING key, version
"""
_TELL = """
INSERT INTO outbox (key, id, type, topic, compacted, body, version, causation, time, traceparent)
SELECT e.key, e.id, e.type, e.topic, e.compacted, e.body, counted.version - e.later, e.causation,
    $9, $10
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[],
    $8::uuid[]) WITH ORDINALITY
    AS e (key, id, type, topic, compacted, body, later, causation, place)
JOIN counted USING (key) ORDER BY e.place
"""


@dataclass
class Writes:
    """What one transaction has still to write; ``taken`` hands it over as one statement."""

    rows: list[Base] = field(default_factory=list)
    plain: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list)
    timers: dict[tuple[str, UUID], tuple[datetime, str] | None] = field(default_factory=dict)
    events: list[tuple[Event, UUID | None]] = field(default_factory=list)

    def taken(self, now: datetime) -> tuple[str, list[Any]] | None:
        """The statement and its values, and nothing is left; None if nothing was there."""
        if not (self.rows or self.plain or self.timers or self.events):
            return None
        values: list[Any] = []
        counted = Counter(type(row) for row in self.rows)
        for kind in counted:  # Rows of one table stand together, in the order they were given.
            columns = columns_of(kind)
            for row in self.rows:
                if type(row) is kind:
                    values += [column.value_of(row) for column in columns.values()]
        parts: list[tuple[str, str]] = []
        for number, (sql, given) in enumerate([*self.plain, *self._timers()]):
            parts.append((f"plain{number}", sql))
            values += given
        if self.events:
            told = self._told(now)
            parts += [("counted", _COUNT), ("told", _TELL)]
            values += [told[0], *told]
        self.__init__()  # type: ignore[misc]
        return _statement(tuple(counted.items()), tuple(parts)), values

    def _timers(self) -> list[tuple[str, tuple[Any, ...]]]:
        """The last word on each timer: set, or taken back."""
        found: list[tuple[str, tuple[Any, ...]]] = []
        known = [(new_id(), *key, *due) for key, due in self.timers.items() if due is not None]
        if known:
            found.append((_SCHEDULE, tuple(map(list, zip(*known, strict=True)))))
        gone = [key for key, due in self.timers.items() if due is None]
        if gone:
            found.append((_CANCEL, tuple(map(list, zip(*gone, strict=True)))))
        return found

    def _told(self, now: datetime) -> list[Any]:
        """The events as the columns of the outbox; each knows how many of its key come later."""
        later = Counter(event.key() for event, _ in self.events)
        told = []
        for event, cause in self.events:
            key = event.key()
            later[key] -= 1
            topic, body = event.publisher(), event.model_dump_json()
            told.append(
                (key, new_id(), event.type, topic, event.compacted, body, later[key], cause)
            )
        return [*map(list, zip(*told, strict=True)), now, traceparent.get()]


@lru_cache(1_000)
def _statement(tables: Sequence[tuple[type[Base], int]], parts: Sequence[tuple[str, str]]) -> str:
    """The text for so many rows of each table and these further parts; made once for each shape."""
    named: list[tuple[str, str]] = []
    used = 0
    for kind, count in tables:
        table = inspect(kind).local_table.name  # type: ignore[attr-defined]
        columns = list(columns_of(kind))
        row = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
        rows = ", ".join(f"({_moved(row, used + k * len(columns))})" for k in range(count))
        named.append((f"new_{table}", f"INSERT INTO {table} ({', '.join(columns)}) VALUES {rows}"))
        used += count * len(columns)
    for name, sql in parts:
        named.append((name, _moved(sql, used)))
        used += max((int(number) for number in _PLACEHOLDER.findall(sql)), default=0)
    return f"WITH {', '.join(f'{name} AS ({sql})' for name, sql in named)} SELECT"


def _moved(sql: str, by: int) -> str:
    return _PLACEHOLDER.sub(lambda found: f"${int(found[1]) + by}", sql)


@dataclass(frozen=True, slots=True)
class Column:
    """How an attribute of a mapped row goes into plain SQL."""

    attribute: str
    convert: Callable[[Any], Any] | None

    def value_of(self, row: Base) -> Any:
        return self.stored(getattr(row, self.attribute))

    def stored(self, value: Any) -> Any:
        """The value as the driver takes it."""
        return value if value is None or self.convert is None else self.convert(value)


@cache
def columns_of(kind: type[Base]) -> Mapping[str, Column]:
    """The columns of a mapped class by name."""
    mapper: Any = inspect(kind)
    return {
        column.name: Column(mapper.get_property_by_column(column).key, _convert(column.type))
        for column in mapper.local_table.columns
        if column.identity is None
    }


def _convert(type: object) -> Callable[[Any], Any] | None:
    match type:
        case JSONB():
            return as_json
        case Enum():
            return lambda member: str(member.value)
    return None


def as_json(body: Mapping[str, Any] | Sequence[Any]) -> str:
    """A JSON text for a ``json`` column written by plain SQL."""
    return orjson.dumps(body, default=str).decode()
