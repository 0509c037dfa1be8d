"""A tool's life: on the shelf or with a worker."""

from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from shared.kit.caller import Role
from shared.kit.errors import NotFound
from shared.kit.events import Event
from shared.kit.states import Move


class ToolState(StrEnum):
    SHELVED = "shelved"  # A worker's turn.
    LENT = "lent"  # The same worker's turn.


class ToolMove(Move):
    """Every legal change of a tool's state."""

    LEND = ({ToolState.SHELVED}, ToolState.LENT, {Role.WORKER})
    RETURN = ({ToolState.LENT}, ToolState.SHELVED, {Role.WORKER, Role.SYSTEM})


class ToolNotFound(NotFound):
    """No depot has this tool."""


class ToolEvent(Event):
    """Something about a tool."""

    tool_id: UUID
    note: str = ""

    def key(self) -> UUID:
        return self.tool_id


class ToolLent(ToolEvent):
    """A worker took a tool."""

    type: ClassVar[str] = "toy.lent.v1"


class ToolBroken(ToolEvent):
    """A tool broke."""

    type: ClassVar[str] = "toy.broken.v1"
