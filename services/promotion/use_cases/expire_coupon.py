"""End a coupon whose last day is over."""

from services.promotion.domain.coupon import CouponMove
from services.promotion.storage.coupons import EXPIRY_TIMER, coupons_for_update
from shared.contracts.ids import CouponId
from shared.kit.caller import Caller
from shared.kit.session import Transaction


async def expire_coupon(tx: Transaction, caller: Caller, coupon_id: CouponId) -> None:
    """A coupon that nobody used is over; one that an order holds is the order's to decide.

    Raises MoveForbidden.
    """
    coupons = await coupons_for_update(tx, [coupon_id])

    for coupon in coupons:
        if coupon.state not in CouponMove.EXPIRE.sources:
            continue
        if coupon.expires_at > tx.now:  # It came back meanwhile and got more days.
            await tx.schedule(EXPIRY_TIMER, coupon.id, coupon.expires_at)
        else:
            tx.move(coupon, CouponMove.EXPIRE, by=caller)
