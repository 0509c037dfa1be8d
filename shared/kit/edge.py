"""The outermost layer of every service: one pure-ASGI middleware around each request.

Request id and traceparent, the deadline, the body's size, metrics, one log line, and the answer to
what nobody caught.
"""

import re
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.kit import errors, metrics
from shared.kit.http import deadline_at
from shared.kit.log import get_logger, request_id, traceparent

DEADLINE_SECONDS_MAX = 30
_QUIET = {"/livez", "/readyz", "/metrics"}
_NUMBER = re.compile(rb"[0-9]{1,18}")
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_TRACEPARENT = re.compile(rb"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")

log = get_logger(__name__)


class InvalidRequest(errors.Invalid):
    """The request breaks the route's schema; `errors` names each field and reason."""


@dataclass
class Edge:
    """Wraps one application; ``answer`` turns a fault that escaped it into a response."""

    app: ASGIApp
    answer: Callable[[Request, Exception], Awaitable[Response]]
    bytes_max: int

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        headers = dict(scope["headers"])
        _open_context(headers)
        status = 0  # Until an answer has begun.

        async def sent(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *_answer_headers()]
            await send(message)

        try:
            self._check_size(_number(headers.get(b"content-length")) or 0)
            if b"%00" in scope["query_string"] or "\0" in scope["path"]:
                raise InvalidRequest(field=_nul_in(scope), reason="holds a NUL character")
            await self.app(scope, self._limited(receive), sent)
        except Exception as fault:
            if status:
                raise
            answer = await self.answer(Request(scope), fault)
            await answer(scope, receive, sent)
        finally:
            _note(scope, status or 500, time.perf_counter() - began)

    def _check_size(self, size: int) -> None:
        if size > self.bytes_max:
            raise HTTPException(413, f"The body is larger than {self.bytes_max} bytes.")

    def _limited(self, receive: Receive) -> Receive:
        seen = 0

        async def limited() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            self._check_size(seen)
            return message

        return limited


def _nul_in(scope: Scope) -> str:
    """Where an address holds what no text of ours holds, and what PostgreSQL does not keep."""
    pairs = [pair for pair in scope["query_string"].split(b"&") if b"%00" in pair]
    return f"query.{pairs[0].partition(b'=')[0].decode('latin-1')}" if pairs else "path"


def _number(text: bytes | None) -> int | None:
    return int(text) if text is not None and _NUMBER.fullmatch(text) else None


def _open_context(headers: dict[bytes, bytes]) -> None:
    given, trace = headers.get(b"x-request-id", b""), headers.get(b"traceparent", b"")
    request_id.set(given.decode() if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8))
    if not _TRACEPARENT.fullmatch(trace):
        trace = f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01".encode()
    traceparent.set(trace.decode())
    deadline_at.set(None)
    if (left := _number(headers.get(b"x-deadline-ms"))) is not None:
        deadline_at.set(time.monotonic() + min(left / 1000, DEADLINE_SECONDS_MAX))


def _answer_headers() -> list[tuple[bytes, bytes]]:
    return [
        (b"x-request-id", request_id.get().encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"cache-control", b"no-store"),
    ]


def _note(scope: Scope, status: int, seconds: float) -> None:
    """One metric and one log line a request, by route template so that ids make no series."""
    route: Any = scope.get("route")
    template = getattr(route, "path", "unmatched")
    method = scope["method"] if len(scope["method"]) < 10 else "OTHER"
    metrics.http_requests_total.labels(method, template, str(status)).inc()
    metrics.http_request_seconds.labels(method, template).observe(seconds)
    if template not in _QUIET:
        ms = round(seconds * 1000, 1)
        log.info("request.answered", method=method, route=template, status=status, ms=ms)
