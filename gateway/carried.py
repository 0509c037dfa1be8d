"""A request as it goes on to a service: cleaned headers, a bounded body, read once."""

from collections.abc import AsyncIterator
from functools import lru_cache

from starlette.types import Message, Receive

from gateway.arrivals import Arrival
from gateway.problems import BodyTooLarge, LengthUnclear

# RFC 9110 7.6.1, and what only we may say to a service.
_HOP = {
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection",
    "te", "trailer", "transfer-encoding", "upgrade", "http2-settings", "host", "content-length",
    "expect", "cookie",
}  # fmt: skip
_OURS = ("x-forwarded-", "x-client-", "x-user-", "x-caller-", "x-real-", "x-deadline-", "forwarded",
         "x-original-", "x-rewrite-", "x-http-method", "x-internal-", "x-service-")  # fmt: skip
_OURS_WHOLE = {"x-request-id", "traceparent", "tracestate", "baggage"}
_PLAIN_CONNECTION = {b"", b"close", b"keep-alive"}


class ClientGone(Exception):
    """The caller hung up before its request was whole."""


class Carried:
    """One request on its way."""

    __slots__ = (
        "_bytes_max",
        "_length",
        "_receive",
        "arrival",
        "fault",
        "headers",
        "method",
        "streams",
        "target",
        "whole",
    )

    def __init__(
        self,
        method: str,
        target: str,
        headers: dict[str, str],
        receive: Receive,
        *,
        bytes_max: int,
        length: int | None,
        streams: bool = False,
    ) -> None:
        """Raises BodyTooLarge if the request says so itself."""
        if length is not None and length > bytes_max:
            raise BodyTooLarge(bytes_max=bytes_max)
        self.method = method
        self.target = target
        self.headers = headers
        self._receive = receive
        self._bytes_max = bytes_max
        self._length = length
        self.streams = streams  # Is it passed on while it comes?
        self.arrival: Arrival | None = None  # Where its body is counted, if it has one.
        self.whole = length == 0  # Has all of it arrived here?
        self.fault: Exception | None = None  # What the caller did wrong while its body came.

    async def body(self) -> bytes | AsyncIterator[bytes] | None:
        """Nothing, the whole, or a stream. Raises BodyTooLarge, ClientGone, GatewayBusy."""
        if self.whole:
            return None
        first = await self._next(0)
        if self.whole:
            return first
        if self.streams:
            if self._length is not None:
                self.headers["content-length"] = str(self._length)
            return self._stream(first)
        gathered = bytearray()
        self._hold(first, gathered)
        async for piece in self._rest(len(first)):
            self._hold(piece, gathered)
        return bytes(gathered)

    async def hung_up(self) -> None:
        """Wait until the caller is gone; only once the request is whole."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    def _hold(self, piece: bytes, gathered: bytearray) -> None:
        if self.arrival is not None:
            self.arrival.hold(piece)
        gathered += piece

    async def _stream(self, first: bytes) -> AsyncIterator[bytes]:
        yield first
        async for piece in self._rest(len(first)):
            yield piece

    async def _rest(self, seen: int) -> AsyncIterator[bytes]:
        while not self.whole:
            piece = await self._next(seen)
            seen += len(piece)
            yield piece

    async def _next(self, seen: int) -> bytes:
        message: Message = await self._receive()
        if message["type"] == "http.disconnect":
            self.fault = ClientGone()
            raise self.fault
        piece: bytes = message.get("body", b"")
        if seen + len(piece) > self._bytes_max:
            self.fault = BodyTooLarge(bytes_max=self._bytes_max)
            raise self.fault
        self.whole = not message.get("more_body", False)
        if self.whole and self.arrival is not None:
            self.arrival.arrived()
        return piece


def length_of(headers: dict[bytes, bytes]) -> int | None:
    """What the request says of its body; None if it comes in chunks. Raises LengthUnclear.

    The parser refuses doubtful lengths before us. This holds if another one is ever put there.
    """
    text = headers.get(b"content-length")
    coding = headers.get(b"transfer-encoding")
    if coding is not None:
        if text is not None or coding.strip().lower() != b"chunked":
            raise LengthUnclear
        return None
    if text is None:
        return 0
    if not text.isdigit():
        raise LengthUnclear
    return int(text)


def onward(
    headers: list[tuple[bytes, bytes]], own: dict[str, str], connection: bytes
) -> dict[str, str]:
    """The caller's headers without those of the hop and those only we may set; then ours."""
    named = () if connection.lower() in _PLAIN_CONNECTION else _names(connection)
    passed: dict[str, str] = {}
    for raw, value in headers:
        name = _passed(raw)
        if name is None or name in named:
            continue
        text = _text(value)
        passed[name] = f"{passed[name]}, {text}" if name in passed else text
    passed.update(own)
    return passed


def _names(connection: bytes) -> set[str]:
    """The headers that the caller declared to be of this hop only."""
    return {name.strip().lower() for name in connection.decode("latin-1").split(",")}


def _text(value: bytes) -> str:
    try:
        return value.decode()  # The client writes UTF-8: what came as UTF-8 leaves as it came.
    except UnicodeDecodeError:
        return value.decode("latin-1")


@lru_cache(maxsize=256)
def _passed(raw: bytes) -> str | None:
    """The header's name if it may pass. An underscore may be read as a hyphen somewhere."""
    name = raw.decode("latin-1").lower()
    read = name.replace("_", "-")
    if read in _HOP or read in _OURS_WHOLE or read.startswith(_OURS):
        return None
    return name
