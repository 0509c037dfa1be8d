"""Refusals a caller may meet. Pure; ``web`` answers them as RFC 9457 problem+json."""

import re
from typing import Any, ClassVar


class Problem(Exception):
    """A refusal we foresaw. Subclass a kind below, never this."""

    status: ClassVar[int]

    def __init__(self, detail: str = "", **facts: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.facts = facts

    @classmethod
    def code(cls) -> str:
        """The public kebab-case code: ``OrderNotFound`` is ``order-not-found``."""
        return re.sub(r"(?<!^)(?=[A-Z])", "-", cls.__name__).lower()

    @classmethod
    def title(cls) -> str:
        return (cls.__doc__ or cls.__name__).strip().splitlines()[0]


class BadRequest(Problem):
    """The request lacks something it needs."""

    status = 400


class Unauthenticated(Problem):
    """Nobody we know is asking."""

    status = 401


class Forbidden(Problem):
    """You are known, and may not."""

    status = 403


class NotFound(Problem):
    """There is no such thing, or not for you."""

    status = 404


class Conflict(Problem):
    """It is there, but not in a state that allows this."""

    status = 409


class Gone(Problem):
    """It was there; its time is over."""

    status = 410


class Invalid(Problem):
    """The input breaks a rule; the facts name field and reason."""

    status = 422


class TooMany(Problem):
    """Too often; ``retry_after_seconds`` says when to come back."""

    status = 429


class Unavailable(Problem):
    """Something we depend on does not answer; try again soon."""

    status = 503


class Refused(Problem):
    """Another service refused; its code, HTTP status and facts are passed on as they came."""

    status = 409

    def __init__(self, code: str, status: int, detail: str = "", **facts: Any) -> None:
        super().__init__(detail, **facts)
        self.peer_code = code
        self.peer_status = status
