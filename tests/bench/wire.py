"""HTTP/1.1 on a kept connection, as little of it as asking the fleet needs.

The bench shares the machine with what it measures, so a request costs it some tens of microseconds
where a full client would take as much as a service.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit

import orjson

LIMIT_SECONDS = 30


class Refused(Exception):
    """The fleet answered with something else than success."""

    def __init__(self, asked: str, status: int, text: str) -> None:
        super().__init__(f"{asked}: {status} {text[:400]}")
        self.status = status
        self.is_running = "request-still-running" in text


class Answer(NamedTuple):
    """What came back."""

    status: int
    body: bytes

    def json(self) -> Any:
        """The body, read."""
        return orjson.loads(self.body) if self.body else None


class Line:
    """One connection: one request at a time, opened again when the other side has gone."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._at = f"{self._host}:{self._port}"
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None

    def request(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> bytes:
        """A whole request as bytes; made once, it may be sent many times."""
        told = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        length = f"content-length: {len(body)}\r\n" if body or method != "GET" else ""
        head = f"{method} {path} HTTP/1.1\r\nhost: {self._at}\r\n{told}{length}\r\n"
        return head.encode() + body

    async def send(self, request: bytes) -> Answer:
        """Send a request and read the answer. Raises OSError, TimeoutError."""
        fresh = self._writer is None
        try:
            async with asyncio.timeout(LIMIT_SECONDS):
                return await self._exchange(request)
        except TimeoutError:
            self.close()
            raise
        except (OSError, EOFError) as lost:
            self.close()
            if fresh:
                raise OSError(f"{self._at} does not answer: {lost!r}") from lost
        except BaseException:
            self.close()
            raise
        # A kept connection may have been closed by the other side just before.
        async with asyncio.timeout(LIMIT_SECONDS):
            try:
                return await self._exchange(request)
            except EOFError as lost:
                self.close()
                raise OSError(f"{self._at} hung up") from lost

    async def _exchange(self, request: bytes) -> Answer:
        if self._writer is None or self._reader is None:
            opened = await asyncio.open_connection(self._host, self._port, limit=1 << 20)
            self._reader, self._writer = opened
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        status = int(head[9:12])
        low = head.lower()
        body = await self._body(low)
        if b"\r\nconnection: close" in low:
            self.close()
        return Answer(status, body)

    async def _body(self, head: bytes) -> bytes:
        assert self._reader is not None
        at = head.find(b"\r\ncontent-length:")
        if at >= 0:
            return await self._reader.readexactly(int(head[at + 17 : head.index(b"\r\n", at + 2)]))
        if b"\r\ntransfer-encoding: chunked" not in head:
            return b""
        pieces = []
        while size := int((await self._reader.readline()).split(b";")[0], 16):
            pieces.append(await self._reader.readexactly(size))
            await self._reader.readline()
        await self._reader.readline()
        return b"".join(pieces)

    async def ask(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Any:
        """One request with JSON both ways. Raises Refused, OSError, TimeoutError."""
        content = b"" if body is None else orjson.dumps(body)
        told = {**(headers or {})}
        if content:
            told["content-type"] = "application/json"
        answer = await self.send(self.request(method, path, told, content))
        if not 200 <= answer.status < 300:
            raise Refused(f"{method} {path}", answer.status, answer.body.decode(errors="replace"))
        return answer.json()
