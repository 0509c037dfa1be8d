"""A coupon's life: given, held for an order, used, given back, or over. Pure."""

from datetime import datetime, timedelta
from enum import StrEnum

from shared.kit.caller import Role
from shared.kit.errors import Conflict
from shared.kit.states import Move

RETURN_GRACE = timedelta(days=7)  # A coupon that comes back can be used at least so long.


class CouponState(StrEnum):
    """Where a coupon stands."""

    ISSUED = "issued"  # The user's turn: use it.
    LOCKED = "locked"  # Payment's turn: an order that is being paid holds it.
    REDEEMED = "redeemed"  # Nobody's: used, unless its order is refunded in full.
    RETURNED = "returned"  # The user's turn again: its order was refunded in full.
    EXPIRED = "expired"  # Nobody's: the end.


NEW = frozenset[CouponState]()
OPEN = frozenset({CouponState.ISSUED, CouponState.RETURNED})
ANYONE = {Role.USER, Role.SYSTEM}


# fmt: off
class CouponMove(Move):
    """Every legal change of a coupon."""

    #         from                    to                    who may
    ISSUE   = (NEW,                    CouponState.ISSUED,   ANYONE)
    LOCK    = (OPEN,                   CouponState.LOCKED,   {Role.USER})
    RELEASE = ({CouponState.LOCKED},   CouponState.ISSUED,   ANYONE)
    REDEEM  = ({CouponState.LOCKED},   CouponState.REDEEMED, {Role.SYSTEM})
    RETURN  = ({CouponState.REDEEMED}, CouponState.RETURNED, {Role.SYSTEM})
    EXPIRE  = (OPEN,                   CouponState.EXPIRED,  {Role.SYSTEM})
# fmt: on


class CouponNotUsable(Conflict):
    """None of these coupons can be used for this order; ``reason`` says why."""


def expiry_after_return(expires_at: datetime, now: datetime) -> datetime:
    """Until when a returned coupon counts: the search for a worker may have eaten its days."""
    return max(expires_at, now + RETURN_GRACE)
