"""A state machine as one table: an enum whose members are its rows."""

from collections.abc import Set as AbstractSet
from enum import Enum, StrEnum
from typing import Any, Protocol, Self

from shared.kit.caller import Role
from shared.kit.errors import Conflict, Forbidden


class MoveRefused(Conflict):
    """The thing is not in a state that allows this."""


class MoveForbidden(Forbidden):
    """This role may not make this move."""


class Stateful(Protocol):
    state: Any


class Move(Enum):
    """Subclass with rows ``NAME = ({from, ...}, to, {who, ...})``; a fourth item words the guard.

    A target of None stays where it is; no sources means that the move creates the thing.
    """

    def __new__(cls, *_: Any) -> Self:
        row = object.__new__(cls)
        row._value_ = len(cls.__members__)  # Equal rows must not become aliases.
        return row

    def __init__(
        self,
        sources: AbstractSet[StrEnum],
        target: StrEnum | None,
        allowed: AbstractSet[Role],
        guard: str = "",
    ) -> None:
        self.sources = sources
        self.target = target
        self.allowed = allowed
        self.guard = guard

    @property
    def label(self) -> str:
        return self.name.lower()

    @classmethod
    def allowed_from(cls, state: StrEnum, by: Role) -> list[str]:
        """The moves this role could make from this state, by name."""
        return [m.label for m in cls if state in m.sources and by in m.allowed]

    def check(self, state: StrEnum, by: Role) -> None:
        """Raises MoveForbidden (role) or MoveRefused (state, with ``allowed``)."""
        if by not in self.allowed:
            raise MoveForbidden(f"{by} may not {self.label}.", move=self.label)
        if state not in self.sources:
            raise MoveRefused(
                f"Cannot {self.label} when {state}.",
                move=self.label,
                state=state,
                allowed=self.allowed_from(state, by),
            )

    def apply(self, row: Stateful, *, by: Role) -> None:
        """Change the state, or raise MoveForbidden or MoveRefused and change nothing."""
        self.check(row.state, by)
        if self.target is not None:
            row.state = self.target
