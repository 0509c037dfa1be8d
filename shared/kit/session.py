"""One database transaction and everything that commits with it."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
import orjson
from sqlalchemy import inspect, update
from sqlalchemy.event import listens_for
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from shared.kit.caller import Caller
from shared.kit.clock import Clock
from shared.kit.errors import Conflict, Invalid, NotFound, Problem, Unavailable
from shared.kit.events import Envelope, Event
from shared.kit.ids import new_id
from shared.kit.log import traceparent
from shared.kit.rows import Base
from shared.kit.sealing import Keyring
from shared.kit.states import Move

STATEMENT_MS, IDLE_MS, LOCK_MS = 5_000, 10_000, 4_000
POOL_WAIT_SECONDS = 2

# One statement an event: the key's counter is its lock, so seq order within a key is true order.
_TELL = """
WITH counted AS (
    INSERT INTO event_versions AS v (key, version) VALUES ($5, 1)
    ON CONFLICT (key) DO UPDATE SET version = v.version + 1 RETURNING version)
INSERT INTO outbox (id, type, topic, compacted, key, version, time, body, traceparent, causation)
SELECT $1, $2, $3, $4, $5, counted.version, $6, $7, $8, $9 FROM counted
"""
_SCHEDULE = """
INSERT INTO timers (id, kind, ref, due_at, payload) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (kind, ref) DO UPDATE
SET due_at = excluded.due_at, payload = excluded.payload, attempts = 0, leased_until = NULL
"""

R = TypeVar("R", bound=Base)


@dataclass(eq=False)
class Transaction:
    """What a use case gets: rows, one instant, timers, and a way to tell others."""

    session: AsyncSession
    now: datetime
    keyring: Keyring
    cause: Envelope | None = None  # The event being handled, if any.
    _told: list[Event] = field(default_factory=list)
    _driver: Any = None

    def add(self, *rows: Base) -> None:
        self.session.add_all(rows)

    async def run(self, sql: str, *values: Any) -> Sequence[asyncpg.Record]:
        """Run one plain SQL statement (``$1``, ``$2`` …) in this transaction; its rows.

        It goes past the ORM, at a fifth of its cost, and does not flush pending rows first. JSON
        goes in as text (``as_json``) and comes out as a dict.
        """
        if self._driver is None:
            self._driver = await _driver_of(self.session)
        rows: Sequence[asyncpg.Record] = await self._driver.fetch(sql, *values)
        return rows

    def move(self, row: Any, move: Move, *, by: Caller) -> None:
        """Change a row's state by its table. Raises MoveForbidden or MoveRefused."""
        move.apply(row, by=by.role)

    async def move_where(
        self, table: type[R], id: UUID, move: Move, *, by: Caller, **also: Any
    ) -> None:
        """Move a row by id in one statement, with ``also``. Raises NotFound and as ``move``."""
        state = table.state  # type: ignore[attr-defined]
        key: Any = inspect(table).c["id"]
        target = {} if move.target is None else {"state": move.target}
        change = update(table).where(key == id, state.in_(move.sources)).values(**target, **also)
        if by.role in move.allowed:
            moved = await self.session.scalar(change.returning(key))
            if moved is not None:
                return
        row = await self.session.get(table, id, populate_existing=True)
        if row is None:
            raise NotFound(f"No {table.__tablename__} {id}.")
        move.check(row.state, by.role)  # type: ignore[attr-defined]
        raise Unavailable("The row changed while it was being moved.", retry_after_seconds=1)

    def publish(self, event: Event) -> None:
        """Tell the fleet when this transaction commits; events of one key keep this order."""
        self._told.append(event)

    async def schedule(self, kind: str, ref: UUID, due_at: datetime, **payload: Any) -> None:
        """Set the one timer of this kind for this thing; setting it again moves it."""
        await self.run(_SCHEDULE, new_id(), kind, ref, due_at, as_json(payload))

    async def cancel_timer(self, kind: str, ref: UUID) -> None:
        """Take the timer back, in the transaction that makes it pointless."""
        await self.run("DELETE FROM timers WHERE kind = $1 AND ref = $2", kind, ref)

    async def tell(self) -> bool:
        """Write what was published to the outbox; the kit calls it as the last act. True if any."""
        if not self._told:
            return False
        await self.session.flush()
        # Keys in one order everywhere, or two transactions that tell of two things each deadlock.
        told, self._told = sorted(self._told, key=lambda event: event.key()), []
        cause = self.cause.id if self.cause else None
        for event in told:
            what = (new_id(), event.type, event.publisher(), event.compacted, event.key())
            body, trace = event.model_dump_json(), traceparent.get()
            await self.run(_TELL, *what, self.now, body, trace, cause)
        return True


async def _driver_of(session: AsyncSession) -> Any:
    """The asyncpg connection under the session, its transaction begun."""
    pooled = await (await session.connection()).get_raw_connection()
    adapted: Any = pooled.dbapi_connection
    if adapted._transaction is None:  # SQLAlchemy begins only at a first statement of its own.
        await adapted._start_transaction()
    return pooled.driver_connection


Begin = Callable[[], AbstractAsyncContextManager[Transaction]]
"""Opens a transaction; leaving the block commits it, an exception rolls it back."""


def engine_for(url: str, *, name: str, pool_size: int, read_only: bool = False) -> AsyncEngine:
    """A pool whose statements, locks and waits are all bounded (reliability 7.4)."""
    server = {
        "application_name": name,
        "statement_timeout": str(STATEMENT_MS),
        "lock_timeout": str(LOCK_MS),
        "idle_in_transaction_session_timeout": str(IDLE_MS),
        "default_transaction_read_only": "on" if read_only else "off",
        "jit": "off",
    }
    engine = create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_WAIT_SECONDS,
        hide_parameters=True,
        connect_args={"command_timeout": 10, "timeout": 5, "server_settings": server},
    )

    @listens_for(engine.sync_engine, "checkout")
    def check(adapted: Any, *_: object) -> None:
        # The driver knows at once that the server hung up; to ask it is three round trips each.
        if adapted.driver_connection.is_closed():
            raise DisconnectionError

    return engine


def begin_on(
    engine: AsyncEngine, *, clock: Clock, keyring: Keyring, told: Callable[[], None] = lambda: None
) -> Begin:
    """The way into this database; ``told`` wakes the relay after a commit that told something."""

    @asynccontextmanager
    async def begin() -> AsyncIterator[Transaction]:
        async with AsyncSession(engine, expire_on_commit=False) as session:
            async with session.begin():
                tx = Transaction(session, clock.now(), keyring)
                yield tx
                any_told = await tx.tell()
            if any_told:
                told()

    return begin


def as_json(body: Mapping[str, Any]) -> str:
    """A JSON text for a ``json`` column written by plain SQL."""
    return orjson.dumps(body, default=str).decode()


class DatabaseUnavailable(Unavailable):
    """The database does not answer just now; try again soon."""


class ConcurrentChange(Conflict):
    """Another request changed the same thing at the same moment."""


class RuleBroken(Conflict):
    """The change would break a rule that the database holds."""


class ValueOutOfRange(Invalid):
    """A value is outside what can be stored."""


PASSING = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.OperatorInterventionError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,
    asyncpg.InsufficientResourcesError,
)


def origin_of(fault: BaseException) -> BaseException:
    """The driver's own exception under SQLAlchemy's wrapping."""
    inner = getattr(fault, "orig", None)
    return fault if inner is None else inner.__cause__ or inner


def is_passing(fault: BaseException) -> bool:
    """Whether the surroundings are at fault, so that trying again can help."""
    if isinstance(fault, (OSError, PoolTimeout, Unavailable)):
        return True
    if isinstance(fault, DBAPIError) and fault.connection_invalidated:
        return True
    return isinstance(origin_of(fault), PASSING)


def problem_of(fault: BaseException) -> Problem | None:
    """The problem that answers a fault nobody caught; None for a defect of ours."""
    if is_passing(fault):
        return DatabaseUnavailable(retry_after_seconds=1)
    match origin_of(fault):
        case asyncpg.UniqueViolationError() | asyncpg.ExclusionViolationError():
            return ConcurrentChange()
        case asyncpg.CheckViolationError() as broken:
            return RuleBroken(rule=broken.constraint_name)
        case asyncpg.DataError():
            return ValueOutOfRange()
    return None
