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

from shared.privacy.masks import scrub

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The request being answered, if any; passed on to the services we call."""
traceparent: ContextVar[str] = ContextVar("traceparent", default="")
"""The W3C trace this work belongs to, if any; passed on with calls and events."""

_DEPTH_MAX = 8
_NOISY = ("aiokafka", "asyncio", "alembic", "sqlalchemy")


def get_logger(name: str) -> FilteringBoundLogger:
    """A logger for a module: ``log.info("order.cancelled", order_id=order.id)``."""
    logger: FilteringBoundLogger = structlog.get_logger(source=name)
    return logger


def configure(service: str, level: str) -> None:
    """Send our own lines and those of every library through one renderer; once a process."""

    def complete(_: WrappedLogger, __: str, line: EventDict) -> EventDict:
        record = line.pop("_record", None)
        if record is not None:  # A library's sentence is no dotted fact, its logger's name is.
            line["message"], line["event"] = line["event"], record.name
        line["service"] = service
        for variable in (request_id, traceparent):
            if value := variable.get():
                line.setdefault(variable.name, value)
        return {name: _clean(value) for name, value in line.items()} | {"_record": record}

    common: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.format_exc_info,
        complete,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    ]
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*common, _render],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.BytesLoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    as_text: list[Processor] = [lambda *line: _render(*line).decode()]
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=common, processors=as_text)
    )
    logging.basicConfig(handlers=[handler], level=number, force=True)
    logging.getLogger("uvicorn.access").disabled = True  # The kit counts requests itself.
    for name in _NOISY:
        logging.getLogger(name).setLevel(max(number, logging.WARNING))


def _clean(value: Any, depth: int = 0) -> Any:
    """The value with every text in it masked; what JSON does not know becomes masked text."""
    if isinstance(value, str):
        return scrub(value)
    if value is None or isinstance(value, bool | int | float | UUID):
        return value
    if isinstance(value, Mapping) and depth < _DEPTH_MAX:
        return {scrub(str(name)): _clean(inner, depth + 1) for name, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset) and depth < _DEPTH_MAX:
        return [_clean(inner, depth + 1) for inner in value]
    return scrub(str(value))


def _render(_: WrappedLogger, __: str, line: EventDict) -> bytes:
    line.pop("_record", None)
    line.pop("_from_structlog", None)
    try:
        return orjson.dumps(line)
    except TypeError:  # Half a surrogate or an integer over 64 bits; a log line must not raise.
        return json.dumps(line, default=str).encode()
