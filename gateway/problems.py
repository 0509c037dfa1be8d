"""What the gateway itself refuses. Pure."""

import orjson

from shared.kit.errors import BadRequest, Problem, TooMany, Unauthenticated, Unavailable

TYPE_BASE = "https://api.jajaya.hk/problems/"


class PathUnclear(BadRequest):
    """The path or the query is encoded in a way that can be read as another one."""


class LengthUnclear(BadRequest):
    """The request says twice, or unclearly, how long its body is."""


class RouteNotFound(Problem):
    """Nobody answers this path."""

    status = 404


class MethodNotAllowed(Problem):
    """Changes are PUT, POST or DELETE; nothing else is sent here."""

    status = 405


class RequestTooSlow(Problem):
    """The request's body did not arrive in time."""

    status = 408


class BodyTooLarge(Problem):
    """The body is larger than this route takes."""

    status = 413


class TokenMissing(Unauthenticated):
    """The request carries no bearer token."""


class TooManyRequests(TooMany):
    """Too many requests; Retry-After says when to come back."""


class ServiceUnreachable(Unavailable):
    """The service behind this path does not answer; nothing was done, try again soon."""


class ServiceLost(Problem):
    """The service broke off before it answered; ask for the outcome before you try again."""

    status = 502


class ServiceTooSlow(Problem):
    """The service did not answer in time; ask for the outcome before you try again."""

    status = 504


class GatewayBusy(Unavailable):
    """Too many requests are being carried at once; try again soon."""


class Internal(Problem):
    """Something went wrong on our side; the request id names it to us."""

    status = 500


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
