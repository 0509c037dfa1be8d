"""One database transaction and everything that commits with it."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
from sqlalchemy import Connection, PoolProxiedConnection, inspect
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession

from shared.kit.caller import Caller
from shared.kit.clock import Clock
from shared.kit.errors import NotFound, Unavailable
from shared.kit.events import Envelope, Event
from shared.kit.ids import shard_of
from shared.kit.rows import Base
from shared.kit.states import Move
from shared.kit.writes import Writes, as_json, columns_of
from shared.privacy.sealing import Keyring

R = TypeVar("R", bound=Base)


@dataclass(eq=False)
class Transaction:
    """What a use case gets: rows, one instant, timers, and a way to tell others.

    Plain SQL (``run``, ``write``, ``move_where``) goes straight to the driver; ``session`` is the
    ORM on the same connection, and costs nothing where it is not asked for.
    """

    now: datetime
    keyring: Keyring
    _engine: AsyncEngine
    _pooled: PoolProxiedConnection
    cause: Envelope | None = None  # The event being handled, if any.
    data_keys: dict[UUID, bytes] = field(default_factory=dict)  # Read for this transaction's seals.
    told: bool = False  # Whether any event was written.
    due_at: datetime | None = None  # The earliest timer that was set.
    _writes: Writes = field(default_factory=Writes)
    _set: set[tuple[str, UUID]] = field(default_factory=set)
    _orm: AsyncSession | None = None

    @property
    def session(self) -> AsyncSession:
        """The ORM in this transaction."""
        if self._orm is None:
            connection = Connection(self._engine.sync_engine, connection=self._pooled)
            bind = AsyncConnection(self._engine, connection)
            self._orm = AsyncSession(bind, expire_on_commit=False)
        return self._orm

    def add(self, *rows: Base) -> None:
        """New rows that the ORM shall know."""
        self.session.add_all(rows)

    def write(self, *rows: Base) -> None:
        """New rows, in one statement with all else that is written last; the ORM knows them not."""
        self._writes.rows += rows

    def later(self, sql: str, *values: Any) -> None:
        """A plain writing statement, done together with what is written last; it answers nothing.

        It sees none of the other last writes and may not touch a row that another of them touches.
        """
        self._writes.plain.append((sql, values))

    async def run(self, sql: str, *values: Any) -> Sequence[asyncpg.Record]:
        """Run one plain SQL statement (``$1``, ``$2`` …) now; its rows.

        It goes past the ORM, at a fifth of its cost, and does not flush pending rows first. JSON
        goes in as text (``as_json``) and comes out as a dict.
        """
        adapted: Any = self._pooled.dbapi_connection
        if adapted._transaction is None:  # Begun by the first statement.
            await adapted._start_transaction()
        driver: Any = self._pooled.driver_connection
        rows: Sequence[asyncpg.Record] = await driver.fetch(sql, *values)
        return rows

    def move(self, row: Any, move: Move, *, by: Caller) -> None:
        """Change a row's state by its table. Raises MoveForbidden or MoveRefused."""
        move.apply(row, by=by.role)

    async def move_where(
        self, table: type[R], id: UUID, move: Move, *, by: Caller, **also: Any
    ) -> None:
        """Move a row by id in one statement, with ``also``. Raises NotFound and as ``move``."""
        if self._orm is not None:
            await self._orm.flush()
        columns = columns_of(table)
        changed = [columns[name].stored(value) for name, value in also.items()]
        if by.role in move.allowed:
            sql = _move_sql(table, move.target is not None, tuple(also))
            sources = [str(state) for state in move.sources]
            target = [] if move.target is None else [str(move.target)]
            if await self.run(sql, id, shard_of(id), sources, *target, *changed):
                return
        [row] = await self.run(_state_sql(table), id, shard_of(id)) or [None]
        if row is None:
            raise NotFound(f"No {table.__tablename__} {id}.")
        state: Any = inspect(table).c["state"].type
        move.check(state.enum_class(row["state"]), by.role)
        raise Unavailable("The row changed while it was being moved.", retry_after_seconds=1)

    def publish(self, event: Event) -> None:
        """Tell the fleet when this transaction commits; events of one key keep this order."""
        self._writes.events.append((event, self.cause.id if self.cause else None))

    async def schedule(self, kind: str, ref: UUID, due_at: datetime, **payload: Any) -> None:
        """Set the one timer of this kind for this thing; setting it again moves it."""
        self._writes.timers[kind, ref] = (due_at, as_json(payload))
        self._set.add((kind, ref))
        self.due_at = min(due_at, self.due_at or due_at)

    async def cancel_timer(self, kind: str, ref: UUID) -> None:
        """Take the timer back, in the transaction that makes it pointless."""
        self._writes.timers[kind, ref] = None
        self._set.discard((kind, ref))

    def has_set(self, kind: str, ref: UUID) -> bool:
        """Whether this transaction has set this timer."""
        return (kind, ref) in self._set

    async def flush(self) -> None:
        """Write what waits, for who must read their own writes; the kit calls it at the end."""
        if self._orm is not None:
            await self._orm.flush()
        self.told = self.told or bool(self._writes.events)
        if (statement := self._writes.taken(self.now)) is not None:
            await self.run(statement[0], *statement[1])

    async def end(self, *, commit: bool) -> None:
        """Commit or roll back what was begun; the kit calls it."""
        adapted: Any = self._pooled.dbapi_connection
        transaction, adapted._transaction = adapted._transaction, None
        try:
            if transaction is not None:
                await (transaction.commit() if commit else transaction.rollback())
        finally:
            if self._orm is not None:  # On the wire it has nothing to end any more.
                if not commit:
                    self._orm.sync_session.rollback()
                self._orm.sync_session.close()


Opening = Callable[[], AbstractAsyncContextManager[Transaction]]
"""Any way to open a transaction: ``begin`` itself, or ``begin.alone``."""


def _nobody(*_: object) -> None:
    """Where no loop of this process waits to be woken."""


@dataclass(frozen=True)
class Begin:
    """Opens a transaction; leaving the block commits it, an exception rolls it back.

    ``begin.alone()`` opens one whose statements each commit by themselves, which spares BEGIN and
    COMMIT: for reads, and for a single write that needs nothing beside it.
    """

    engine: AsyncEngine
    clock: Clock
    keyring: Keyring
    told: Callable[[], None] = _nobody  # Wakes the relay after a commit that told something.
    due: Callable[[datetime, datetime], None] = _nobody  # Hears when the next timer is, and now.

    def __call__(self) -> AbstractAsyncContextManager[Transaction]:
        return self._open(together=True)

    def alone(self) -> AbstractAsyncContextManager[Transaction]:
        """The same without a transaction around the statements."""
        return self._open(together=False)

    @asynccontextmanager
    async def _open(self, *, together: bool) -> AsyncIterator[Transaction]:
        try:
            pooled = await self.engine.raw_connection()
        except self.engine.dialect.loaded_dbapi.Error as wrapped:
            raise wrapped.__cause__ or wrapped from None  # The driver's own, as anywhere else.
        adapted: Any = pooled.dbapi_connection
        adapted.autocommit = not together
        tx = Transaction(self.clock.now(), self.keyring, self.engine, pooled)
        try:
            yield tx
            await tx.flush()
            await tx.end(commit=True)
        except BaseException:
            try:
                await tx.end(commit=False)
            except BaseException:  # Lost, or cancelled once more: nobody can use it again.
                if pooled.is_valid:
                    pooled.invalidate()
            raise
        finally:
            adapted.autocommit = False
            if pooled.is_valid and adapted.driver_connection._top_xact is not None:
                pooled.invalidate()  # A BEGIN that was given up may yet be carried out there.
            pooled.close()
        if tx.told:
            self.told()
        if tx.due_at is not None:
            self.due(tx.due_at, tx.now)


@cache
def _move_sql(table: type[Base], moves: bool, also: tuple[str, ...]) -> str:
    """``$1`` the id, ``$2`` its shard, ``$3`` the states it may be in, then what is set."""
    named = ["state"] * moves + list(also)
    sets = ", ".join(f"{column} = ${number}" for number, column in enumerate(named, 4))
    # Nothing to set still locks the row and asks for its state.
    change = sets or "state = state"
    where = f"{_at(table)} AND state = ANY($3)"
    return f"UPDATE {table.__tablename__} SET {change} WHERE {where} RETURNING true"


@cache
def _state_sql(table: type[Base]) -> str:
    return f"SELECT state FROM {table.__tablename__} WHERE {_at(table)}"


@cache
def _at(table: type[Base]) -> str:
    """By the primary key, and by the shard that the id names where that is a part of it."""
    named = [column.name for column in inspect(table).primary_key if column.name != "shard"]
    if len(named) != 1:
        raise TypeError(f"{table.__tablename__} is not found by one id")
    shard = "shard = $2" if "shard" in columns_of(table) else "$2::integer IS NOT NULL"
    return f"{named[0]} = $1 AND {shard}"
