"""The hop: one request carried to a service and its answer carried back, both as streams."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from functools import lru_cache

import aiohttp
from yarl import URL

from gateway.carried import Carried
from gateway.problems import (
    GatewayBusy,
    RequestTooSlow,
    ServiceLost,
    ServiceTooSlow,
    ServiceUnreachable,
)
from gateway.reply import Headers, Reply

CONNECT_SECONDS = 2
WHOLE_BYTES_MAX = 64 * 1024  # Up to here an answer is passed on in one piece.
READY_SECONDS, READY_KEPT_SECONDS = 1.0, 0.5
# Of the hop, or said by ourselves in each answer.
_KEPT_BACK = {
    "connection", "keep-alive", "proxy-connection", "transfer-encoding", "trailer", "upgrade",
    "server", "date", "x-request-id", "x-content-type-options", "strict-transport-security",
    "referrer-policy", "x-frame-options",
}  # fmt: skip
_NEVER_REACHED = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)


class AnswerCut(Exception):
    """The service died or stalled in the middle of its answer, which has begun to go out."""


class Upstream:
    """The connections to all services."""

    def __init__(
        self, session: aiohttp.ClientSession, urls: dict[str, str], requests_max: int
    ) -> None:
        self.session = session
        self.urls = urls
        self.carrying = 0  # Requests whose body is here, or streams, and whose answer is not over.
        self._requests_max = requests_max
        self._failing: list[str] = []
        self._asked_at = float("-inf")

    async def carry(
        self, service: str, request: Carried, reply: Reply, deadline_seconds: float
    ) -> None:
        """Carry one request and its answer.

        Raises ServiceUnreachable, ServiceLost, ServiceTooSlow, RequestTooSlow, GatewayBusy, and
        the request's own faults, before the answer has begun; AnswerCut after that.
        """
        try:
            async with asyncio.timeout(deadline_seconds) as limit:
                await self._ask(service, request, reply, limit, deadline_seconds)
        except (aiohttp.ClientError, TimeoutError, OSError) as lost:
            if reply.begun:
                raise AnswerCut(repr(lost)) from lost
            if request.fault is not None:
                raise request.fault from None
            if isinstance(lost, _NEVER_REACHED):
                raise ServiceUnreachable(service=service, retry_after_seconds=1) from lost
            if not isinstance(lost, TimeoutError):
                raise ServiceLost(service=service) from lost
            raise (ServiceTooSlow(service=service) if request.whole else RequestTooSlow()) from lost

    async def _ask(
        self,
        service: str,
        request: Carried,
        reply: Reply,
        limit: asyncio.Timeout,
        deadline_seconds: float,
    ) -> None:
        body = await request.body()  # First: who is slow to send holds no slot and no connection.
        if self.carrying >= self._requests_max:
            raise GatewayBusy(retry_after_seconds=1)
        self.carrying += 1
        try:
            await self._exchange(service, request, body, reply, limit, deadline_seconds)
        finally:
            self.carrying -= 1

    async def _exchange(
        self,
        service: str,
        request: Carried,
        body: bytes | AsyncIterator[bytes] | None,
        reply: Reply,
        limit: asyncio.Timeout,
        deadline_seconds: float,
    ) -> None:
        url = URL(self.urls[service] + request.target, encoded=True)
        # A GET changes nothing, so it may be asked again; anything else may have run.
        again = request.method == "GET" and not isinstance(body, AsyncIterator)
        while True:
            try:
                async with self.session.request(
                    request.method, url, headers=request.headers, data=body, allow_redirects=False
                ) as answer:
                    await _pass_back(answer, request, reply, limit, deadline_seconds)
                    return
            except _NEVER_REACHED:
                raise
            except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError):
                if not again or reply.begun:
                    raise
                again = False

    async def unready(self) -> list[str]:
        """The services that do not answer; asked for a second at most, twice a second at most."""
        if time.monotonic() - self._asked_at > READY_KEPT_SECONDS:
            self._asked_at = time.monotonic()
            found = await asyncio.gather(*(self._lost(name) for name in self.urls))
            self._failing = [name for name in found if name]
        return self._failing

    async def _lost(self, name: str) -> str:
        url = f"{self.urls[name]}/livez"
        try:
            async with asyncio.timeout(READY_SECONDS), self.session.get(url) as answer:
                return "" if answer.status == 200 else name
        except (aiohttp.ClientError, TimeoutError, OSError):
            return name


async def _pass_back(
    answer: aiohttp.ClientResponse,
    request: Carried,
    reply: Reply,
    limit: asyncio.Timeout,
    deadline_seconds: float,
) -> None:
    """A short body whole, so that it comes or does not; a long one piece by piece."""
    length, status = answer.content_length, answer.status
    if status in (204, 304):
        await reply.head(status, _headers_back(answer, b"content-length"))
        await reply.piece(b"", more=False)
    elif length is not None and length <= WHOLE_BYTES_MAX:
        body = await answer.read()
        await reply.head(status, _headers_back(answer))
        await reply.piece(body, more=False)
    else:
        await reply.head(status, _headers_back(answer))
        await _stream_back(answer, request, reply, limit, deadline_seconds)


async def _stream_back(
    answer: aiohttp.ClientResponse,
    request: Carried,
    reply: Reply,
    limit: asyncio.Timeout,
    deadline_seconds: float,
) -> None:
    """As long as pieces keep coming and going, each within the deadline."""
    clock = asyncio.get_running_loop().time
    gone = asyncio.ensure_future(request.hung_up()) if request.whole else None
    try:
        async for piece in answer.content.iter_any():
            await reply.piece(piece, more=True)
            limit.reschedule(clock() + deadline_seconds)
            if gone is not None and gone.done():
                answer.close()  # Nobody reads on.
                return
        await reply.piece(b"", more=False)
    finally:
        if gone is not None:
            gone.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await gone


def _headers_back(answer: aiohttp.ClientResponse, *without: bytes) -> Headers:
    connection = answer.headers.get("connection")
    named = _names(connection) if connection else without
    return [
        (passed, value)
        for name, value in answer.raw_headers
        if (passed := _passed_back(name)) and passed not in named and passed not in without
    ]


def _names(connection: str) -> set[bytes]:
    """The headers that the service declared to be of this hop only."""
    return {name.strip().lower().encode() for name in connection.split(",")}


@lru_cache(maxsize=256)
def _passed_back(raw: bytes) -> bytes | None:
    name = raw.lower()
    return None if name.decode("latin-1") in _KEPT_BACK else name


def new_session(connections_max: int) -> aiohttp.ClientSession:
    """Kept connections to the services; no cookies, no decompression, no automatic headers."""
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            limit=0, limit_per_host=connections_max, keepalive_timeout=60, ttl_dns_cache=60
        ),
        timeout=aiohttp.ClientTimeout(total=None, connect=CONNECT_SECONDS),
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
    )
    # By itself it sends a PUT or DELETE twice when its connection breaks; what is asked again is
    # decided above.
    session._retry_connection = False
    return session
