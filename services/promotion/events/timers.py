"""What falls due in the promotion service."""

from services.promotion.storage.coupons import EXPIRY_TIMER
from services.promotion.use_cases.expire_coupon import expire_coupon
from shared.contracts.ids import CouponId
from shared.kit.caller import SYSTEM
from shared.kit.session import Transaction
from shared.kit.timers import Timer, Timers


async def coupon_expiry(tx: Transaction, timer: Timer) -> None:
    """The last day of a coupon is over."""
    await expire_coupon(tx, SYSTEM, CouponId(timer.ref))


def timers() -> Timers:
    """Every kind of timer of this service. None ends a lock: that takes paid or not paid."""
    return Timers(inside={EXPIRY_TIMER: coupon_expiry})
