"""What the gateway itself refuses, as problem documents."""

import orjson
from starlette.types import Send

from shared.kit.errors import Problem, TooMany, Unauthenticated, Unavailable

TYPE_BASE = "https://api.jajaya.hk/problems/"


class RouteNotFound(Problem):
    """Nobody answers this path."""

    status = 404


class MethodNotAllowed(Problem):
    """Changes are PUT, POST or DELETE; nothing else is sent here."""

    status = 405


class BodyTooLarge(Problem):
    """The body is larger than this route takes."""

    status = 413


class TokenMissing(Unauthenticated):
    """The request carries no bearer token."""


class TooManyRequests(TooMany):
    """Too many requests; Retry-After says when to come back."""


class ServiceUnreachable(Unavailable):
    """The service behind this path does not answer; try again soon."""

    status = 503


class ServiceTooSlow(Problem):
    """The service did not answer in time; ask for the outcome before you try again."""

    status = 504


def document(problem: Problem, path: str) -> bytes:
    """The problem as RFC 9457 JSON."""
    body = {
        "type": TYPE_BASE + problem.code(),
        "title": problem.title(),
        "status": problem.status,
        "detail": problem.detail,
        "instance": path,
        **problem.facts,
    }
    return orjson.dumps(body)


async def answer(
    send: Send, problem: Problem, path: str, headers: list[tuple[bytes, bytes]]
) -> None:
    """Send it as the whole response."""
    body = document(problem, path)
    own = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
        *headers,
    ]
    if "retry_after_seconds" in problem.facts:
        own.append((b"retry-after", str(problem.facts["retry_after_seconds"]).encode()))
    if problem.status == 401:
        own.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": problem.status, "headers": own})
    await send({"type": "http.response.body", "body": body})
