"""The gateway as one ASGI application, without a framework: each microsecond here is everyone's."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from functools import lru_cache

from starlette.types import Receive, Scope, Send

from gateway.arrivals import Arrival, Arrivals
from gateway.carried import Carried, ClientGone, length_of, onward
from gateway.limits import Limits
from gateway.portal import Portal
from gateway.problems import (
    Internal,
    MethodNotAllowed,
    PathUnclear,
    RouteNotFound,
    TokenMissing,
)
from gateway.reply import Reply
from gateway.routes import METHODS, Door, Route, clear, find
from gateway.settings import Settings
from gateway.upstream import AnswerCut, Upstream
from shared.kit import metrics
from shared.kit.clock import Clock
from shared.kit.errors import Problem
from shared.kit.log import get_logger, request_id, traceparent
from shared.networks import network_of
from shared.tokens import UserTokens

SERVICE_SHARE = 0.8  # Of our deadline: the service gives up before we do, and says why.
CUT = 599  # In metrics and logs: the answer broke off after its head had gone out.
_JSON = b"application/json"

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
        self.tokens = tokens
        self._settings = settings
        self._upstream = upstream
        self._clock = clock
        self._portal = portal
        self._limits = Limits(settings)
        self._arrivals = Arrivals(settings.arriving_max, settings.held_bytes_max)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        began = time.perf_counter()
        # A stranger's ids are not taken over: they would join his requests to ours in the logs.
        drawn = secrets.token_hex(32)
        request_id.set(drawn[:16])
        traceparent.set(f"00-{drawn[16:48]}-{drawn[48:]}-01")
        reply = Reply(send, drawn[:16].encode())
        route: Route | None = None
        try:
            path = clear(scope.get("raw_path") or scope["path"].encode())
            found = find(path)
            if found is not None:
                route, inner = found
                await self._carry(scope, receive, reply, route, inner)
            else:
                await self._answer(scope, reply, path)
        except Problem as problem:
            await reply.refuse(problem, scope["path"])
        except ClientGone:
            pass
        except AnswerCut as cut:
            # Returning without the end of the answer makes the server cut the connection.
            reply.status = CUT
            log.warning("answer.cut", to=route.service if route else "", reason=str(cut))
        except Exception as fault:
            log.error("request.failed", exc_info=fault)
            if not reply.begun:
                await reply.refuse(Internal(), scope["path"])
        finally:
            _note(scope["method"], route, reply.status, began)

    async def _carry(
        self, scope: Scope, receive: Receive, reply: Reply, route: Route, inner: str
    ) -> None:
        method: str = scope["method"]
        headers: dict[bytes, bytes] = dict(scope["headers"])
        address = self._address(scope, headers)
        self._limits.admit_address(route, address, reply.counted)
        if method not in METHODS:
            raise MethodNotAllowed(allowed=sorted(METHODS))
        who = network_of(address)
        target = _target(inner, scope["query_string"])
        if route.door is Door.BEARER:
            who = await self._admit_bearer(headers, reply)
        self._limits.admit_act(method, target, who, reply.counted)
        is_form = headers.get(b"content-type", b"").startswith(b"multipart/")
        streams = route.takes_files and is_form
        bytes_max, seconds = self._bounds(streams)
        own = {
            "host": "gateway",
            "x-client-ip": address,
            "x-request-id": request_id.get(),
            "traceparent": traceparent.get(),
            "x-deadline-ms": str(int(seconds * 1000 * SERVICE_SHARE)),
        }
        passed = onward(scope["headers"], own, headers.get(b"connection", b""))
        length = length_of(headers)
        carried = Carried(
            method, target, passed, receive, bytes_max=bytes_max, length=length, streams=streams
        )
        if carried.whole:
            await self._upstream.carry(route.service, carried, reply, seconds)
            return
        with Arrival(self._arrivals, network_of(address)) as carried.arrival:
            await self._upstream.carry(route.service, carried, reply, seconds)

    async def _admit_bearer(self, headers: dict[bytes, bytes], reply: Reply) -> str:
        """The account that asks."""
        kind, _, token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
        token = token.strip()
        if kind.lower() != "bearer" or not token:
            raise TokenMissing("Send `Authorization: Bearer <access token>`.")
        claims = await self.tokens.verify(token, self._clock.now())
        account = claims.account_id.hex
        self._limits.admit_account(account, reply.counted)
        return account

    def _bounds(self, streams: bool) -> tuple[int, float]:
        """Bytes and seconds that a request may take, files being what streams."""
        settings = self._settings
        if streams:
            return settings.file_bytes_max, settings.file_deadline_seconds
        return settings.body_bytes_max, settings.deadline_seconds

    def _address(self, scope: Scope, headers: dict[bytes, bytes]) -> str:
        """The caller's address; behind n load balancers, the n-th from the end of their list."""
        hops = self._settings.trusted_proxies
        if hops and b"x-forwarded-for" in headers:
            lines = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
            told = b",".join(lines).decode("latin-1").split(",")
            if len(told) >= hops:
                return told[-hops].strip()
        peer = scope.get("client")
        return peer[0] if peer else "unknown"

    async def _answer(self, scope: Scope, reply: Reply, path: str) -> None:
        """What the gateway answers itself: its health, the portal, and that nobody is there."""
        own, headers = _OWN.get(path), dict(scope["headers"])
        if path == "/metrics" and b"x-forwarded-for" in headers:
            own = None  # Prometheus asks us directly; who comes over a load balancer is outside.
        if own is None:
            address = self._address(scope, headers)
            self._limits.admit_address(None, address, reply.counted)
            if path != "/" and path != "/docs" and not path.startswith("/docs/"):
                raise RouteNotFound
        if scope["method"] not in ("GET", "HEAD"):
            raise MethodNotAllowed(allowed=["GET", "HEAD"])
        if own is not None:
            await own(self, reply)
        else:
            await self._portal.show(path, reply)

    async def livez(self, reply: Reply) -> None:
        """The process runs."""
        await reply.whole(200, _JSON, b'{"state":"alive"}')

    async def readyz(self, reply: Reply) -> None:
        """All services answer, tokens can be verified, and nobody has told us to stop."""
        failing = list(await self._upstream.unready())
        failing += [] if self.tokens.has_keys else ["keys"]
        failing += ["draining"] if self.draining else []
        body = ('{"failing":[' + ",".join(f'"{name}"' for name in failing) + "]}").encode()
        await reply.whole(503 if failing else 200, _JSON, body)

    async def metrics(self, reply: Reply) -> None:
        """The page Prometheus scrapes."""
        body = await asyncio.to_thread(metrics.render)
        await reply.whole(200, b"text/plain; version=0.0.4", body)


_OWN: dict[str, Callable[[Gateway, Reply], Awaitable[None]]] = {
    "/livez": Gateway.livez,
    "/readyz": Gateway.readyz,
    "/metrics": Gateway.metrics,
}


def _target(inner: str, query: bytes) -> str:
    if not query:
        return inner
    if not query.isascii():
        raise PathUnclear("The query must be percent-encoded.")
    return f"{inner}?{query.decode('ascii')}"


def _note(method: str, route: Route | None, status: int, began: float) -> None:
    """One metric and one log line a request."""
    seconds = time.perf_counter() - began
    method = method if method in METHODS else "OTHER"
    prefix = route.prefix if route else "own"
    count, observe = _series(method, prefix, status)
    count()
    observe(seconds)
    if route is not None:
        ms = round(seconds * 1000, 1)
        to = route.service
        log.info("request.carried", method=method, route=prefix, to=to, status=status, ms=ms)


@lru_cache(maxsize=4096)
def _series(
    method: str, prefix: str, status: int
) -> tuple[Callable[[], None], Callable[[float], None]]:
    """The counters of one kind of request; finding them costs more than counting."""
    return (
        metrics.http_requests_total.labels(method, prefix, str(status)).inc,
        metrics.http_request_seconds.labels(method, prefix).observe,
    )
