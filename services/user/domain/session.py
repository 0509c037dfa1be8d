"""A login session: one device's way in, kept open by refresh tokens that are used once each."""

import hashlib
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType
from uuid import UUID

from shared.contracts.ids import AccountId
from shared.kit.caller import Role
from shared.kit.errors import Unauthenticated
from shared.kit.states import Move

SessionId = NewType("SessionId", UUID)
REFRESH_TOKEN_MAX = 128  # Characters; ours have 43.


class SessionState(StrEnum):
    """Where a session is; only an active one gives new tokens."""

    ACTIVE = "active"  # The person's turn.
    LOGGED_OUT = "logged_out"  # Nobody's: the end.
    REVOKED = "revoked"  # Nobody's: the end.
    EXPIRED = "expired"  # Nobody's: the end.


# fmt: off
class SessionMove(Move):
    """Every legal change of a session's state."""

    #         from                   to                       who may
    REFRESH = ({SessionState.ACTIVE}, None,                    {Role.USER},   "token unused")
    LOG_OUT = ({SessionState.ACTIVE}, SessionState.LOGGED_OUT, {Role.USER})
    REVOKE  = ({SessionState.ACTIVE}, SessionState.REVOKED,    {Role.SYSTEM}, "token used twice")
    EXPIRE  = ({SessionState.ACTIVE}, SessionState.EXPIRED,    {Role.SYSTEM}, "idle or too old")
# fmt: on


class RefreshTokenRefused(Unauthenticated):
    """This refresh token opens no session; log in again."""


class RefreshTokenReused(Unauthenticated):
    """This refresh token was used before, so its whole session is revoked; log in again."""


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long a session lives: unused, at most, and at most for who holds the staff role."""

    idle_seconds: int
    absolute_seconds: int
    staff_seconds: int

    def ends_at(self, opened_at: datetime, used_at: datetime, roles: AbstractSet[Role]) -> datetime:
        """When a session of these roles is over, unless it is used again."""
        longest = self.staff_seconds if Role.STAFF in roles else self.absolute_seconds
        idle_end = used_at + timedelta(seconds=self.idle_seconds)
        return min(idle_end, opened_at + timedelta(seconds=longest))


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """What a login or a refresh gives: who, in which roles, and the next refresh token."""

    account_id: AccountId
    roles: frozenset[Role]
    session_id: SessionId
    refresh_token: str = field(repr=False)
    at: datetime


def token_digest(refresh_token: str) -> bytes:
    """What is kept of a refresh token: 256 random bits need no slower hash."""
    return hashlib.sha256(refresh_token.encode()).digest()
