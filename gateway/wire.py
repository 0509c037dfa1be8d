"""HTTP/1.1 as the outside may speak it: uvicorn's parser, with bounds that it does not have.

A head must be short and come soon; what frames a body is short, and trailers are nobody's; what is
sent after an early refusal is thrown away, but not for ever; what cannot be parsed is answered as a
problem document.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gateway.problems import document
from shared.kit.errors import BadRequest, Problem

HEAD_SECONDS = 10  # For a head to be whole, from the connection or from its first byte.
HEAD_BYTES_MAX, HEADERS_MAX = 32_768, 100
FRAMING_BYTES_MAX = 262_144  # Sizes and extensions of chunks, and trailers, of one body.
DISCARDED_BYTES_MAX = 2_000_000


class RequestMalformed(BadRequest):
    """This is not HTTP/1.1 as we read it."""


class HeadTooLarge(Problem):
    """The request's line and headers are larger than we take."""

    status = 431


class HeadTooSlow(Problem):
    """The request's line and headers did not arrive in time."""

    status = 408


class Wire(HttpToolsProtocol):
    """One connection from outside."""

    _unread = 0  # Bytes since a head began or was whole that no request was given as its body.
    _given = 0  # Bytes that were, of what came last.
    _in_head = False
    _patience: asyncio.TimerHandle | None = None
    _refusal: Problem | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._grow_impatient()

    def connection_lost(self, exc: Exception | None) -> None:
        self._calm_down()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        self._given = 0
        super().data_received(data)
        self._unread += len(data) - self._given
        answering = self._answering()
        if self._in_head and self._unread > HEAD_BYTES_MAX:
            self._refuse(HeadTooLarge(bytes_max=HEAD_BYTES_MAX))
        elif answering and not self._in_head:
            if self._unread > FRAMING_BYTES_MAX:
                self._refuse(HeadTooLarge(trailer_bytes_max=FRAMING_BYTES_MAX))
        elif self._unread > DISCARDED_BYTES_MAX:
            self.transport.close()
        elif not answering:
            self._grow_impatient()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True
        self._unread = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:  # The parser calls it for trailers too, which we do not read.
            super().on_header(name, value)

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        if self._answering():
            self._given += len(body)

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._unread = 0
        self._calm_down()
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if size > HEAD_BYTES_MAX or len(self.headers) > HEADERS_MAX:
            self._refusal = HeadTooLarge(bytes_max=HEAD_BYTES_MAX, headers_max=HEADERS_MAX)
            raise self._refusal  # The parser stops and asks for the answer below.
        super().on_headers_complete()
        if self.parser.should_upgrade():  # We speak nothing else, and the parser stops here.
            self.cycle.keep_alive = False

    def _unsupported_upgrade_warning(self) -> None:
        """Nothing to say: the request is answered as if it had not asked."""

    def send_400_response(self, msg: str) -> None:
        """What uvicorn calls when the parser gives up."""
        self._refuse(self._refusal or RequestMalformed())

    def _answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _grow_impatient(self) -> None:
        if self._patience is None:
            self._patience = self.loop.call_later(HEAD_SECONDS, self._lose_patience)

    def _calm_down(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _lose_patience(self) -> None:
        self._patience = None
        if self._in_head:
            self._refuse(HeadTooSlow())
        elif not self._answering():
            self.transport.close()

    def _refuse(self, problem: Problem) -> None:
        """Answer without the application, and hang up."""
        if self.transport.is_closing():
            return
        begun = self._answering() and (self.cycle.response_started or self.pipeline)
        if not begun:  # Else it would land in the middle of another answer.
            body = document(problem, "")
            head = (
                b"HTTP/1.1 %d Refused\r\ncontent-type: application/problem+json\r\n"
                b"content-length: %d\r\nconnection: close\r\n\r\n" % (problem.status, len(body))
            )
            self.transport.write(head + body)
        self.transport.close()
