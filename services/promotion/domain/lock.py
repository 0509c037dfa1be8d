"""The lock of an order's benefits: it ends by redeem or release, never by itself. Pure."""

from enum import StrEnum

from shared.kit.caller import Role
from shared.kit.errors import Conflict, NotFound
from shared.kit.states import Move


class LockState(StrEnum):
    """What became of the benefits that an order asked for."""

    HELD = "held"  # Payment's turn: paid or not paid.
    REDEEMED = "redeemed"  # Nobody's: the order is paid.
    RELEASED = "released"  # Nobody's: not paid, or refused for ever before it was made.
    RETURNED = "returned"  # Nobody's: the order was refunded in full.


NEW = frozenset[LockState]()


# fmt: off
class LockMove(Move):
    """Every legal change of a lock."""

    #         from                  to                  who may
    HOLD    = (NEW,                  LockState.HELD,     {Role.USER})
    RELEASE = ({LockState.HELD},     LockState.RELEASED, {Role.USER, Role.SYSTEM})
    REDEEM  = ({LockState.HELD},     LockState.REDEEMED, {Role.SYSTEM})
    RETURN  = ({LockState.REDEEMED}, LockState.RETURNED, {Role.SYSTEM})
# fmt: on


class BenefitsNotFound(NotFound):
    """This order holds no benefits of yours."""


class LockReleased(Conflict):
    """The benefits of this order were released, so it can never hold any again."""


class LockedOtherwise(Conflict):
    """This order holds benefits for another basket or other coupons."""
