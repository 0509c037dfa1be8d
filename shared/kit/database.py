"""A service's pool of connections, and what the faults of its database mean."""

from typing import Any

import asyncpg
import orjson
from sqlalchemy.event import listens_for
from sqlalchemy.exc import DBAPIError, DisconnectionError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from shared.kit.errors import Conflict, Invalid, Problem, Unavailable

STATEMENT_MS, IDLE_MS, LOCK_MS = 5_000, 10_000, 4_000
POOL_WAIT_SECONDS = 2


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
        pool_use_lifo=True,  # Few connections that know the statements, rather than many.
        pool_timeout=POOL_WAIT_SECONDS,
        hide_parameters=True,
        json_deserializer=orjson.loads,
        connect_args={
            "command_timeout": 10,
            "timeout": 5,
            "statement_cache_size": 300,  # A statement of its own for each shape of last writes.
            "server_settings": server,
        },
    )

    @listens_for(engine.sync_engine, "checkout")
    def check(adapted: Any, *_: object) -> None:
        # The driver knows at once that the server hung up; to ask it is three round trips each.
        if adapted.driver_connection.is_closed():
            raise DisconnectionError

    return engine


class DatabaseUnavailable(Unavailable):
    """The database does not answer just now; try again soon."""


class ConcurrentChange(Conflict):
    """Another request changed the same thing at the same moment."""


class RuleBroken(Conflict):
    """The change would break a rule that the database holds."""


class ValueOutOfRange(Invalid):
    """A value is outside what can be stored."""


_WIRE = (asyncpg.InterfaceError, asyncpg.InternalClientError)  # The driver's: it died midway.
LOST = (OSError, SQLAlchemyError, asyncpg.PostgresError, *_WIRE)  # A time-out is an OSError.
AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
)
PASSING = (
    *_WIRE,
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


def is_away(fault: BaseException) -> bool:
    """Whether somebody did not answer at all, which says nothing of what they were asked."""
    if isinstance(fault, (OSError, PoolTimeout, Unavailable)):
        return True
    if isinstance(fault, DBAPIError) and fault.connection_invalidated:
        return True
    return isinstance(origin_of(fault), AWAY)


def is_passing(fault: BaseException) -> bool:
    """Whether the surroundings are at fault, so that trying again can help."""
    return is_away(fault) or isinstance(origin_of(fault), PASSING)


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
