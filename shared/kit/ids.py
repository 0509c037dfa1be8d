"""Identifiers: UUIDv7, so keys sort by time of birth and indexes grow at one end."""

from typing import Any
from uuid import UUID

import uuid_utils.compat

SHARD_BITS = 12
_SHARD_MASK = (1 << SHARD_BITS) - 1


def new_id() -> Any:
    """A fresh id; Any, so that it fits every NewType over UUID."""
    return uuid_utils.compat.uuid7()


def new_id_in(shard: int) -> Any:
    """A fresh id whose last 12 bits name its shard, so that the id alone finds its rows."""
    return UUID(int=(new_id().int & ~_SHARD_MASK) | shard)


def shard_of(id: UUID) -> int:
    """The shard of an id: its low 12 bits, 0 to 4095."""
    return id.int & _SHARD_MASK
