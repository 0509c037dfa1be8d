"""Who is asking, and in which role."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Role(StrEnum):
    USER = "user"
    WORKER = "worker"
    STAFF = "staff"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Caller:
    """An account acting in one role. A person may hold several; the route says which one acts."""

    id: UUID
    role: Role


SYSTEM = Caller(UUID(int=0), Role.SYSTEM)
"""News from other services and timers act as the system."""
