"""Money on its way back to the user. Pure."""

from datetime import datetime, timedelta
from enum import StrEnum

from shared.contracts.ids import RefundId
from shared.kit.caller import Role
from shared.kit.errors import Conflict, NotFound
from shared.kit.states import Move

_MINUTE = 60
POLL_AFTER_SECONDS = tuple(
    minutes * _MINUTE for minutes in (1, 2, 3, 4, 5, 10, 20, 40, 70, 130, 250, 490, 1450)
)
POLL_EVERY_SECONDS = 24 * 3600  # After the plan: a refund is never forgotten.


class RefundReason(StrEnum):
    CANCELLED = "cancelled"  # The order ended before the work.
    LATE = "late"  # The money came after the order was cancelled or unpaid.
    SECOND = "second"  # The order was paid already.
    UNWORKED = "unworked"  # A position of the crew was not worked.
    STAFF = "staff"  # Staff decided so.


class RefundState(StrEnum):
    REQUESTED = "requested"  # Ours: to be sent to the channel.
    SENT = "sent"  # The channel's turn.
    SUCCEEDED = "succeeded"  # Nobody's: the user has the money.
    ABNORMAL = "abnormal"  # Staff's: the user's card cannot take it.
    FAILED = "failed"  # Staff's: the channel refused it.


_UNDER_WAY = {RefundState.REQUESTED, RefundState.SENT}
_STUCK = {RefundState.ABNORMAL, RefundState.FAILED}


# fmt: off
class RefundMove(Move):
    """Every legal change of a refund. A stuck one may still turn out well at the channel."""

    #          from                     to                     who may
    SEND     = ({RefundState.REQUESTED}, RefundState.SENT,      {Role.SYSTEM})
    SUCCEED  = (_UNDER_WAY | _STUCK,     RefundState.SUCCEEDED, {Role.SYSTEM})
    STRAND   = (_UNDER_WAY,              RefundState.ABNORMAL,  {Role.SYSTEM})
    FAIL     = (_UNDER_WAY,              RefundState.FAILED,    {Role.SYSTEM})
    RETRY    = (_STUCK,                  RefundState.REQUESTED, {Role.STAFF})
# fmt: on


class RefundNotFound(NotFound):
    """There is no such refund."""


class RefundTooLarge(Conflict):
    """More than is left of the payment; `left` says how much that is."""


def refund_number(id: RefundId, tries: int) -> str:
    """The refund's number at the channel. One that was closed there stays so: each next is new."""
    return id.hex if tries == 1 else f"{id.hex}-{tries}"


def next_poll_at(requested_at: datetime, now: datetime) -> datetime:
    """When to ask the channel next how the refund stands."""
    plan = (requested_at + timedelta(seconds=seconds) for seconds in POLL_AFTER_SECONDS)
    return next((at for at in plan if at > now), now + timedelta(seconds=POLL_EVERY_SECONDS))
