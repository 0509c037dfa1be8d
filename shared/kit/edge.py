"""The outermost layer of every service: one pure-ASGI middleware around each request.

Request id and traceparent, the deadline, the body's size, metrics, one log line, and the answer to
what nobody caught.
"""

import re
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.kit import metrics
from shared.kit.http import deadline_at
from shared.kit.log import get_logger, request_id, traceparent
from shared.kit.runtime import Kit

DEADLINE_SECONDS_MAX = 30
_QUIET = {"/livez", "/readyz", "/metrics"}
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_TRACEPARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")

log = get_logger(__name__)


class Edge:
    """Wraps one application."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        unforeseen: Callable[[Request, Exception], Awaitable[Response]],
        answer: Callable[..., Response],
        kit: Kit,
    ) -> None:
        self._app = app
        self._unforeseen = unforeseen
        self._answer = answer
        self._bytes_max = kit.settings.request_bytes_max

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        _open_context(headers)
        status = 500
        started = False

        async def sent(message: Message) -> None:
            nonlocal status, started
            if message["type"] == "http.response.start":
                status, started = message["status"], True
                message["headers"] = [*message["headers"], *_answer_headers()]
            await send(message)

        try:
            refusal = self._refusal(scope, headers)
            if refusal is not None:
                await refusal(scope, receive, sent)
            else:
                await self._app(scope, self._limited(receive), sent)
        except Exception as fault:
            if started:
                raise
            answer = await self._unforeseen(Request(scope), fault)
            await answer(scope, receive, sent)
        finally:
            _note(scope, status, time.perf_counter() - began)

    def _refusal(self, scope: Scope, headers: dict[bytes, str]) -> Response | None:
        length = headers.get(b"content-length", "0")
        if length.isdigit() and int(length) > self._bytes_max:
            return self._too_large(scope)
        return None

    def _too_large(self, scope: Scope) -> Response:
        return self._answer(scope["path"], "body-too-large", 413, self._too_large_title())

    def _too_large_title(self) -> str:
        return f"The body is larger than {self._bytes_max} bytes."

    def _limited(self, receive: Receive) -> Receive:
        seen = 0

        async def limited() -> Message:
            nonlocal seen
            message = await receive()
            body = message.get("body", b"")
            seen += len(body)
            if seen > self._bytes_max:
                raise HTTPException(413, self._too_large_title())
            return message

        return limited


def _open_context(headers: dict[bytes, str]) -> None:
    given = headers.get(b"x-request-id", "")
    request_id.set(given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8))
    trace = headers.get(b"traceparent", "")
    if not _TRACEPARENT.fullmatch(trace):
        trace = f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"
    traceparent.set(trace)
    left = headers.get(b"x-deadline-ms", "")
    seconds = min(int(left) / 1000, DEADLINE_SECONDS_MAX) if left.isdigit() else None
    deadline_at.set(time.monotonic() + seconds if seconds is not None else None)


def _answer_headers() -> list[tuple[bytes, bytes]]:
    return [
        (b"x-request-id", (request_id.get() or "").encode()),
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
        log.info(
            "request.answered",
            method=method,
            route=template,
            status=status,
            ms=round(seconds * 1000, 1),
        )
