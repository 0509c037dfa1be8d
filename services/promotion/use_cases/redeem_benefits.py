"""Use up the benefits of a paid order."""

from services.promotion.domain.coupon import CouponMove
from services.promotion.domain.lock import LockMove, LockState
from services.promotion.storage.coupons import coupons_for_update
from services.promotion.storage.locks import benefits_of, lock_for_update
from services.promotion.storage.outcomes import note_paid
from services.promotion.use_cases.return_benefits import return_benefits
from shared.contracts.ids import OrderId, UserId
from shared.contracts.promotion import BenefitsRedeemed
from shared.kit.caller import Caller
from shared.kit.session import Transaction


async def redeem_benefits(
    tx: Transaction, caller: Caller, order_id: OrderId, user_id: UserId
) -> None:
    """The order is paid: its coupons are used, and the user has had their first order.

    A full refund may have been heard before; then they come straight back.
    Raises MoveRefused, MoveForbidden. Tells promotion.redeemed.v1.
    """
    paid = await note_paid(tx, order_id, user_id)
    if paid.lock in {None, LockState.REDEEMED, LockState.RETURNED}:
        return  # It holds nothing, or this was heard before.
    lock = await lock_for_update(tx, caller, order_id)
    assert lock is not None

    tx.move(lock, LockMove.REDEEM, by=caller)
    benefits = await benefits_of(tx, order_id)
    coupons = await coupons_for_update(tx, [benefit.coupon_id for benefit in benefits])
    for coupon in coupons:
        tx.move(coupon, CouponMove.REDEEM, by=caller)

    ids = [coupon.id for coupon in coupons]
    tx.publish(BenefitsRedeemed(order_id=order_id, user_id=lock.user_id, coupons=ids))
    if paid.is_refunded:
        await return_benefits(tx, caller, order_id, user_id)
