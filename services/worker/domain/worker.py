"""A worker's standing with the platform: who may work, and what they are granted. Pure."""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from uuid import UUID

from shared.kit.caller import Role
from shared.kit.errors import Conflict, Forbidden, Invalid, NotFound
from shared.kit.states import Move

LEVEL_MIN, LEVEL_MAX = 1, 5
_CODE = re.compile(r"[a-z][a-z0-9_]{1,39}")


class WorkerState(StrEnum):
    """Where a worker stands."""

    APPLIED = "applied"  # Staff's turn: look at the application.
    REJECTED = "rejected"  # The person's turn: apply again, better.
    APPROVED = "approved"  # The worker's turn: take jobs.
    SUSPENDED = "suspended"  # Staff's turn: lift it, or leave it.


NEW = frozenset[WorkerState]()


# fmt: off
class WorkerMove(Move):
    """Every legal change of a worker's standing."""

    #           from                      to                      who may       guard
    APPLY     = (NEW,                     WorkerState.APPLIED,    {Role.USER},  "identity unused")
    REAPPLY   = ({WorkerState.REJECTED},  WorkerState.APPLIED,    {Role.USER},  "identity unused")
    APPROVE   = ({WorkerState.APPLIED},   WorkerState.APPROVED,   {Role.STAFF}, "a skill; reason")
    REJECT    = ({WorkerState.APPLIED},   WorkerState.REJECTED,   {Role.STAFF}, "reason")
    GRANT     = ({WorkerState.APPROVED, WorkerState.SUSPENDED}, None, {Role.STAFF}, "reason")
    SUSPEND   = ({WorkerState.APPROVED},  WorkerState.SUSPENDED,  {Role.STAFF}, "reason")
    REINSTATE = ({WorkerState.SUSPENDED}, WorkerState.APPROVED,   {Role.STAFF}, "reason")
# fmt: on


class WorkerNotFound(NotFound):
    """There is no such worker, or not for you."""


class OwnFile(Forbidden):
    """Staff let nobody work or judge skills in their own file; ask a colleague."""


class AlreadyApplied(Conflict):
    """You have applied already; the application says where it stands."""


class IdentityAlreadyUsed(Conflict):
    """Another account has applied with this identity document."""


class SkillNotAsked(Invalid):
    """Staff can only grant skills that the worker has asked for."""


class NoSkillGranted(Invalid):
    """An approved worker needs at least one granted skill."""


class CodeInvalid(Invalid):
    """A code is 2 to 40 small letters, digits or underscores and begins with a letter."""


class CodeRepeated(Invalid):
    """The same code is named twice."""


def checked_codes(field: str, codes: Sequence[str]) -> list[str]:
    """The codes as they came, each well-formed and named once.

    Raises CodeInvalid, CodeRepeated.
    """
    for place, code in enumerate(codes):
        if _CODE.fullmatch(code) is None:
            raise CodeInvalid(field=f"{field}.{place}", reason="not a code")
        if code in codes[:place]:
            raise CodeRepeated(field=f"{field}.{place}", reason=f"{code} is named twice")
    return list(codes)


def check_grants(asked: Mapping[str, int], granted: Mapping[str, int]) -> None:
    """Staff grant what was asked for, at a level they judge, which may be lower or higher.

    Raises SkillNotAsked.
    """
    for code in granted:
        if code not in asked:
            raise SkillNotAsked(field="skills", reason=f"{code} was not asked for")


def check_another(decider: UUID, worker_id: UUID) -> None:
    """One account may be staff and worker: what it may do as a worker others decide.

    Raises OwnFile.
    """
    if decider == worker_id:
        raise OwnFile


def is_approved(state: WorkerState) -> bool:
    """Whether staff have ever let this worker in; a suspension does not undo that."""
    return state in (WorkerState.APPROVED, WorkerState.SUSPENDED)
