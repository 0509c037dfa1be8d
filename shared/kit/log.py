"""Log lines: one JSON object each on stdout, its event a dotted fact, personal details masked."""

import json
import logging
import sys
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any
from uuid import UUID

import orjson
import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

from shared.kit.masks import scrub

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The request being answered, if any; passed on to the services we call."""
traceparent: ContextVar[str] = ContextVar("traceparent", default="")
"""The W3C trace this work belongs to, if any; passed on with calls and events."""

_DEPTH_MAX = 8
_NOISY = ("aiokafka", "asyncio", "httpx", "httpcore", "alembic", "sqlalchemy")


def get_logger(name: str) -> FilteringBoundLogger:
    """A logger for a module: ``log.info("order.cancelled", order_id=order.id)``."""
    logger: FilteringBoundLogger = structlog.get_logger(source=name)
    return logger


def configure(service: str, level: str) -> None:
    """Send our own lines and those of every library through one renderer; once a process."""

    def add_service(_: WrappedLogger, __: str, line: EventDict) -> EventDict:
        return {**line, "service": service}

    common: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        _add_context,
        add_service,
        structlog.stdlib.add_log_level,
        structlog.processors.format_exc_info,
        _scrub_line,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    ]
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*common, _render],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.BytesLoggerFactory(),
        cache_logger_on_first_use=True,
    )
    _route_libraries(common, number)


def _route_libraries(common: list[Processor], level: int) -> None:
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[_name_foreign, *common],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _render_text],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    logging.getLogger("uvicorn.access").disabled = True  # The kit counts requests itself.
    for name in _NOISY:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))


def _name_foreign(_: WrappedLogger, __: str, line: EventDict) -> EventDict:
    """A library's sentence is no dotted fact: its logger's name is the event."""
    return {**line, "message": line["event"], "event": line["_record"].name}


def _add_context(_: WrappedLogger, __: str, line: EventDict) -> EventDict:
    for name, variable in (("request_id", request_id), ("traceparent", traceparent)):
        if value := variable.get():
            line.setdefault(name, value)
    return line


def _scrub_line(_: WrappedLogger, __: str, line: EventDict) -> EventDict:
    internal = {name: line.pop(name) for name in ("_record", "_from_structlog") if name in line}
    return {name: _clean(value) for name, value in line.items()} | internal


def _clean(value: Any, depth: int = 0) -> Any:
    """The value with every text in it masked; what JSON does not know becomes masked text."""
    if isinstance(value, str):
        return scrub(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Mapping) and depth < _DEPTH_MAX:
        return {scrub(str(name)): _clean(inner, depth + 1) for name, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset) and depth < _DEPTH_MAX:
        return [_clean(inner, depth + 1) for inner in value]
    return scrub(str(value))


def _render(_: WrappedLogger, __: str, line: EventDict) -> bytes:
    try:
        return orjson.dumps(line)
    except TypeError:  # Half a surrogate or an integer over 64 bits; a log line must not raise.
        return json.dumps(line, default=repr).encode()


def _render_text(logger: WrappedLogger, method: str, line: EventDict) -> str:
    return _render(logger, method, line).decode()
