"""What goes back to the caller: begun at most once, always with our own headers."""

from starlette.types import Send

from gateway.problems import document
from shared.kit.errors import Problem

Headers = list[tuple[bytes, bytes]]
SECURITY: Headers = [
    (b"x-content-type-options", b"nosniff"),
    (b"strict-transport-security", b"max-age=31536000"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
]


class Reply:
    """One answer."""

    __slots__ = ("_send", "begun", "counted", "request_id", "status")

    def __init__(self, send: Send, request_id: bytes) -> None:
        self._send = send
        self.begun = False
        self.status = 499  # Nobody waited for the answer.
        self.request_id = request_id
        self.counted: Headers = []  # What the limits say.

    async def head(self, status: int, headers: Headers) -> None:
        """Begin the answer."""
        self.status, self.begun = status, True
        own = [*headers, *SECURITY, *self.counted, (b"x-request-id", self.request_id)]
        await self._send({"type": "http.response.start", "status": status, "headers": own})

    async def piece(self, body: bytes, *, more: bool) -> None:
        """A piece of the body; without ``more`` the last one."""
        await self._send({"type": "http.response.body", "body": body, "more_body": more})

    async def whole(
        self, status: int, kind: bytes, body: bytes, *headers: tuple[bytes, bytes]
    ) -> None:
        """A short answer of our own."""
        length = b"%d" % len(body)
        await self.head(status, [(b"content-type", kind), (b"content-length", length), *headers])
        await self.piece(body, more=False)

    async def refuse(self, problem: Problem, path: str) -> None:
        """The problem as the whole answer."""
        headers: Headers = [(b"cache-control", b"no-store")]
        if "retry_after_seconds" in problem.facts:
            headers.append((b"retry-after", b"%d" % problem.facts["retry_after_seconds"]))
        if "allowed" in problem.facts:
            headers.append((b"allow", ", ".join(problem.facts["allowed"]).encode()))
        if problem.status == 401:
            headers.append((b"www-authenticate", b"Bearer"))
        body = document(problem, path)
        await self.whole(problem.status, b"application/problem+json", body, *headers)
