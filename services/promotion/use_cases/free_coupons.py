"""Take coupons off an order that does not use them after all."""

from services.promotion.domain.coupon import CouponMove, expiry_after_return
from services.promotion.storage.campaigns import give_back
from services.promotion.storage.coupons import EXPIRY_TIMER, Coupon, coupons_for_update
from services.promotion.storage.locks import benefits_of
from shared.contracts.ids import CouponId, OrderId
from shared.kit.caller import SYSTEM, Caller
from shared.kit.session import Transaction


async def free_coupons(
    tx: Transaction, caller: Caller, order_id: OrderId, move: CouponMove
) -> list[CouponId]:
    """The order's coupons are the user's again, and what they took off is in the budgets again.

    A released coupon keeps its last day, so it may be over; a returned one gets a week at least.
    Raises MoveRefused, MoveForbidden.
    """
    benefits = await benefits_of(tx, order_id)
    coupons = await coupons_for_update(tx, [benefit.coupon_id for benefit in benefits])

    for coupon in coupons:
        tx.move(coupon, move, by=caller)
        coupon.order_id = None
        if move is CouponMove.RETURN:
            await _extend(tx, coupon)
        elif coupon.expires_at <= tx.now:  # Its timer came while the order held it.
            tx.move(coupon, CouponMove.EXPIRE, by=SYSTEM)
    for benefit in sorted(benefits, key=lambda benefit: benefit.campaign):
        await give_back(tx, benefit.campaign, benefit.amount)

    return [coupon.id for coupon in coupons]


async def _extend(tx: Transaction, coupon: Coupon) -> None:
    expires_at = expiry_after_return(coupon.expires_at, tx.now)
    if expires_at != coupon.expires_at:
        coupon.expires_at = expires_at
        await tx.schedule(EXPIRY_TIMER, coupon.id, expires_at)
