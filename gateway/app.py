"""The gateway as one ASGI application, without a framework: each microsecond here is everyone's."""

import asyncio
import re
import secrets
import time
from collections.abc import Awaitable, Callable

from starlette.types import Receive, Scope, Send

from gateway.limits import Headers, Limits
from gateway.portal import Portal
from gateway.problems import (
    BodyTooLarge,
    MethodNotAllowed,
    RouteNotFound,
    TokenMissing,
    answer,
)
from gateway.routes import METHODS, Door, Route, find
from gateway.settings import Settings
from gateway.upstream import Answered, Carried, Upstream, onward
from shared.kit import metrics
from shared.kit.clock import Clock
from shared.kit.errors import Problem
from shared.kit.log import get_logger, request_id, traceparent
from shared.kit.tokens import UserTokens

_TRACE = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_SECURITY: Headers = [
    (b"x-content-type-options", b"nosniff"),
    (b"strict-transport-security", b"max-age=31536000"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
]

log = get_logger(__name__)


class Gateway:
    """Routes each request to a service, unless it can be refused here."""

    def __init__(
        self,
        settings: Settings,
        upstream: Upstream,
        tokens: UserTokens,
        clock: Clock,
        portal: Portal,
    ) -> None:
        self.draining = False
        self._settings = settings
        self._upstream = upstream
        self.tokens = tokens
        self._clock = clock
        self._portal = portal
        self._limits = Limits(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        began = time.perf_counter()
        path, headers = scope["path"], dict(scope["headers"])
        request_id.set(secrets.token_hex(8))
        trace = headers.get(b"traceparent", b"").decode("latin-1")
        traceparent.set(trace if _TRACE.fullmatch(trace) else _new_trace())
        extra = [*_SECURITY, (b"x-request-id", request_id.get().encode())]
        found, status = find(path), 499
        try:
            if found is None:
                own = self._own(path)
                if own is None:
                    raise RouteNotFound(path)
                status = await own(scope, receive, send)
            else:
                status = await self._carry(scope, receive, send, *found, headers, extra)
        except Problem as problem:
            status = problem.status
            await answer(send, problem, path, extra)
        except Answered:
            status = 599  # The service died in the middle of its answer.
            raise
        finally:
            service = found[0].service if found else "gateway"
            _note(scope["method"], found[0].prefix if found else "own", service, status, began)

    def _own(self, path: str) -> Callable[[Scope, Receive, Send], Awaitable[int]] | None:
        if path == "/livez":
            return _livez
        if path == "/readyz":
            return self._readyz
        if path == "/metrics":
            return _metrics
        if path == "/" or path.startswith("/docs"):
            return self._portal
        return None

    async def _carry(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        route: Route,
        inner: str,
        headers: dict[bytes, bytes],
        extra: Headers,
    ) -> int:
        method = scope["method"]
        if method not in METHODS:
            raise MethodNotAllowed(allowed=sorted(METHODS))
        address = self._address(scope, headers)
        await self._limits.admit_address(route, inner, address)
        if route.door is Door.BEARER:
            extra = [*extra, *await self._admit_bearer(headers)]
        bytes_max, seconds = self._bounds(route, headers)
        length = _length(headers)
        if length is not None and length > bytes_max:
            raise BodyTooLarge(bytes_max=bytes_max)
        query = scope["query_string"].decode("latin-1")
        raw = scope.get("raw_path", scope["path"].encode()).decode("latin-1")
        target = raw[len(raw) - len(_quoted_tail(raw, inner)) :]
        own = {
            "host": "gateway",
            "x-client-ip": address,
            "x-request-id": request_id.get(),
            "traceparent": traceparent.get(),
            "x-deadline-ms": str(int(seconds * 900)),  # The service gives up before we do.
        }
        carried = Carried(
            method,
            f"{target}?{query}" if query else target,
            onward(scope["headers"], own),
            bytes_max=bytes_max,
            length=length,
        )
        return await self._upstream.carry(
            route.service, carried, receive, send, deadline_seconds=seconds, extra=extra
        )

    async def _admit_bearer(self, headers: dict[bytes, bytes]) -> Headers:
        kind, _, token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
        if kind.lower() != "bearer" or not token:
            raise TokenMissing("Send `Authorization: Bearer <access token>`.")
        claims = await self.tokens.verify(token, self._clock.now())
        return await self._limits.admit_account(claims.account_id.hex)

    def _bounds(self, route: Route, headers: dict[bytes, bytes]) -> tuple[int, float]:
        """Bytes and seconds that this request may take."""
        settings = self._settings
        if route.takes_files and headers.get(b"content-type", b"").startswith(b"multipart/"):
            return settings.file_bytes_max, settings.file_deadline_seconds
        return settings.body_bytes_max, settings.deadline_seconds

    def _address(self, scope: Scope, headers: dict[bytes, bytes]) -> str:
        """The caller's address; behind n load balancers, the n-th from the end of their list."""
        hops = self._settings.trusted_proxies
        if hops:
            told = headers.get(b"x-forwarded-for", b"").decode("latin-1").split(",")
            if len(told) >= hops:
                return told[-hops].strip()
        peer = scope.get("client")
        return peer[0] if peer else "unknown"

    async def _readyz(self, scope: Scope, receive: Receive, send: Send) -> int:
        failing = await self._portal.unready()
        failing += ["draining"] if self.draining else []
        body = ('{"failing":[' + ",".join(f'"{name}"' for name in failing) + "]}").encode()
        return await _text(send, body, 503 if failing else 200, b"application/json")


def _quoted_tail(raw: str, inner: str) -> str:
    """The part of the raw path that the service gets: all of it, or what follows /api/v1."""
    return raw.removeprefix("/api/v1") if not inner.startswith("/.well-known") else raw


def _length(headers: dict[bytes, bytes]) -> int | None:
    """What the request says of its body; None when it streams one without a length."""
    if b"transfer-encoding" in headers:
        return None
    text = headers.get(b"content-length", b"0")
    return int(text) if text.isdigit() else None


def _new_trace() -> str:
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


def _note(method: str, prefix: str, service: str, status: int, began: float) -> None:
    seconds = time.perf_counter() - began
    method = method if method in METHODS else "OTHER"
    metrics.http_requests_total.labels(method, prefix, str(status)).inc()
    metrics.http_request_seconds.labels(method, prefix).observe(seconds)
    if prefix != "own":
        ms = round(seconds * 1000, 1)
        log.info("request.carried", method=method, route=prefix, to=service, status=status, ms=ms)


async def _text(send: Send, body: bytes, status: int, kind: bytes) -> int:
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
    return status


async def _livez(scope: Scope, receive: Receive, send: Send) -> int:
    return await _text(send, b'{"state":"alive"}', 200, b"application/json")


async def _metrics(scope: Scope, receive: Receive, send: Send) -> int:
    body = await asyncio.to_thread(metrics.render)
    return await _text(send, body, 200, b"text/plain; version=0.0.4")
