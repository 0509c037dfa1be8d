"""What an order asks to be paid: open, captured or unpaid, decided here and nowhere else. Pure."""

from enum import StrEnum

from shared.kit.caller import Role
from shared.kit.errors import Conflict, NotFound
from shared.kit.states import Move


class PayableState(StrEnum):
    OPEN = "open"  # The user's turn, until pay_until.
    CAPTURED = "captured"  # The money is in escrow; the order's turn.
    UNPAID = "unpaid"  # Nobody's: the pay time is over.
    CANCELLED = "cancelled"  # Nobody's: what was captured goes back.
    SETTLING = "settling"  # The bank's turn: the work is accepted.
    SETTLED = "settled"  # Nobody's: the escrow is released.


# fmt: off
class PayableMove(Move):
    """Every legal change of what an order asks to be paid."""

    #         from                                         to                      who may
    CAPTURE = ({PayableState.OPEN},                        PayableState.CAPTURED,  {Role.SYSTEM})
    EXPIRE  = ({PayableState.OPEN},                        PayableState.UNPAID,    {Role.SYSTEM})
    CANCEL  = ({PayableState.OPEN, PayableState.CAPTURED}, PayableState.CANCELLED, {Role.SYSTEM})
    RELEASE = ({PayableState.CAPTURED},                    PayableState.SETTLING,  {Role.SYSTEM})
    SETTLE  = ({PayableState.SETTLING},                    PayableState.SETTLED,   {Role.SYSTEM})
    PAY     = ({PayableState.OPEN},                        None,                   {Role.USER})
    REFUND  = ({PayableState.CAPTURED},                    None,                   {Role.STAFF})
# fmt: on


class PayableNotFound(NotFound):
    """Payment knows of no such order of yours."""


class NothingToPay(Conflict):
    """The order is covered by its benefits; there is nothing to pay."""
