"""The hop: one request carried to a service and its answer carried back, both as streams."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
from starlette.types import Message, Receive, Send
from yarl import URL

from gateway.problems import BodyTooLarge, ServiceTooSlow, ServiceUnreachable

Headers = list[tuple[bytes, bytes]]
WHOLE_BYTES_MAX = 64 * 1024  # Up to here a body is passed on in one piece.
# RFC 9110 7.6.1, and what only we may say to a service.
_HOP = {
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer",
    "transfer-encoding", "upgrade", "host", "content-length", "expect",
}  # fmt: skip
_OURS = ("x-forwarded-", "x-client-", "x-user-", "x-caller-", "x-real-", "x-deadline-", "forwarded")
_OURS_WHOLE = {"x-request-id", "traceparent", "tracestate"}
_BACK = {"connection", "keep-alive", "transfer-encoding", "server", "date", "trailer", "upgrade"}


class Answered(Exception):
    """The answer has begun; nothing else can be sent any more."""


class Upstream:
    """The connections to all services."""

    def __init__(self, session: aiohttp.ClientSession, urls: dict[str, str]) -> None:
        self._session = session
        self._urls = urls

    async def carry(
        self,
        service: str,
        request: "Carried",
        receive: Receive,
        send: Send,
        *,
        deadline_seconds: float,
        extra: Headers,
    ) -> int:
        """Carry one request; the HTTP status that went back.

        Raises ServiceUnreachable, ServiceTooSlow, BodyTooLarge before the answer has begun.
        """
        body = await request.body(receive)
        tries = 2 if request.method == "GET" else 1
        try:
            async with asyncio.timeout(deadline_seconds):
                while True:
                    tries -= 1
                    try:
                        return await self._once(service, request, body, send, extra)
                    except (aiohttp.ServerDisconnectedError, ConnectionResetError):
                        if tries <= 0:  # A GET may be asked again; anything else may have run.
                            raise
        except TimeoutError as late:
            raise ServiceTooSlow(service=service) from late
        except aiohttp.ClientError as lost:
            if isinstance(lost.__cause__, BodyTooLarge):
                raise lost.__cause__ from None
            raise ServiceUnreachable(service=service, retry_after_seconds=1) from lost

    async def _once(
        self, service: str, request: "Carried", body: Any, send: Send, extra: Headers
    ) -> int:
        url = URL(self._urls[service] + request.target, encoded=True)
        async with self._session.request(
            request.method, url, headers=request.headers, data=body, allow_redirects=False
        ) as answer:
            headers = [
                (name.lower(), value)
                for name, value in answer.raw_headers
                if name.lower().decode("latin-1") not in _BACK
            ]
            await send(
                {
                    "type": "http.response.start",
                    "status": answer.status,
                    "headers": [*headers, *extra],
                }
            )
            await _pass_body(answer, send)
            return answer.status


async def _pass_body(answer: aiohttp.ClientResponse, send: Send) -> None:
    """A short body in one message, a long one as it comes."""
    length = answer.content_length
    try:
        if length is not None and length <= WHOLE_BYTES_MAX:
            await send({"type": "http.response.body", "body": await answer.read()})
            return
        async for chunk in answer.content.iter_any():
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    except (aiohttp.ClientError, TimeoutError) as cut:
        raise Answered from cut


class Carried:
    """A request as it goes on: cleaned headers, the service's own path, a bounded body."""

    def __init__(
        self,
        method: str,
        target: str,
        headers: dict[str, str],
        *,
        bytes_max: int,
        length: int | None,
    ) -> None:
        self.method = method
        self.target = target
        self.headers = headers
        self._bytes_max = bytes_max
        self._length = length

    async def body(self, receive: Receive) -> bytes | AsyncIterator[bytes] | None:
        """Nothing, the whole, or a stream; larger than allowed raises BodyTooLarge."""
        if self._length == 0:
            return None
        if self._length is not None and self._length <= WHOLE_BYTES_MAX:
            whole = b""
            async for chunk in self._chunks(receive):
                whole += chunk
            return whole
        first = await receive()
        if not first.get("more_body"):
            return self._checked(first, 0)
        return self._stream(first, receive)

    def _checked(self, message: Message, before: int) -> bytes:
        chunk: bytes = message.get("body", b"")
        if before + len(chunk) > self._bytes_max:
            raise BodyTooLarge(bytes_max=self._bytes_max)
        return chunk

    async def _stream(self, first: Message, receive: Receive) -> AsyncIterator[bytes]:
        seen = len(self._checked(first, 0))
        yield first.get("body", b"")
        async for chunk in self._chunks(receive, seen):
            yield chunk

    async def _chunks(self, receive: Receive, seen: int = 0) -> AsyncIterator[bytes]:
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise asyncio.CancelledError
            chunk = self._checked(message, seen)
            seen += len(chunk)
            if chunk:
                yield chunk
            if not message.get("more_body"):
                return


def onward(headers: list[tuple[bytes, bytes]], own: dict[str, str]) -> dict[str, str]:
    """The caller's headers without those of the hop and those only we may set; then ours."""
    passed: dict[str, str] = {}
    for raw, value in headers:
        name = raw.decode("latin-1").lower()
        if name in _HOP or name in _OURS_WHOLE or name.startswith(_OURS):
            continue
        text = value.decode("latin-1")
        passed[name] = f"{passed[name]}, {text}" if name in passed else text
    return passed | own


def new_session(connections_max: int) -> aiohttp.ClientSession:
    """Kept connections to the services; no cookies, no decompression, no automatic headers."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            limit=0, limit_per_host=connections_max, keepalive_timeout=60, ttl_dns_cache=60
        ),
        timeout=aiohttp.ClientTimeout(total=None, connect=2, sock_connect=2),
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
    )
