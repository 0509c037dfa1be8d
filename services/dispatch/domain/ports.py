"""What dispatch asks of others when a worker accepts an offer."""

from typing import Protocol

from services.dispatch.domain.offer import Claim


class Calendar(Protocol):
    """The workers' calendar of record. Calls repeat safely with the same offer id."""

    async def book(self, claim: Claim) -> None:
        """Take the time of the job. Raises Refused; Unavailable says nothing either way."""

    async def release(self, claim: Claim) -> None:
        """Give the time back, and refuse a booking of this offer that still comes."""


class Assignments(Protocol):
    """The orders, which know whether a position is still free."""

    async def assign(self, claim: Claim) -> None:
        """Give the position to the worker. Raises Refused; Unavailable says nothing either way."""
