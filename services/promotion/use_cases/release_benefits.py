"""Release the benefits of an order that is not paid, or make sure that it never locks any."""

from services.promotion.domain.coupon import CouponMove
from services.promotion.domain.lock import LockMove, LockState
from services.promotion.storage.locks import claim_lock, lock_for_update
from services.promotion.use_cases.free_coupons import free_coupons
from shared.contracts.ids import OrderId, UserId
from shared.contracts.promotion import BenefitsReleased
from shared.kit.caller import Caller
from shared.kit.session import Transaction


async def release_benefits(
    tx: Transaction, caller: Caller, order_id: OrderId, user_id: UserId
) -> bool:
    """The coupons are free again, and a lock for this order still under way is refused.

    True if there was a lock and it is released. Raises BenefitsNotFound, MoveForbidden.
    Tells promotion.released.v1.
    """
    is_forestalled = await claim_lock(tx, order_id, user_id, None)
    lock = await lock_for_update(tx, caller, order_id)
    assert lock is not None

    if lock.state is not LockState.HELD:
        return lock.state is LockState.RELEASED and lock.asked is not None
    tx.move(lock, LockMove.RELEASE, by=caller)
    if is_forestalled:
        return False
    coupons = await free_coupons(tx, caller, order_id, CouponMove.RELEASE)

    tx.publish(BenefitsReleased(order_id=order_id, user_id=lock.user_id, coupons=coupons))
    return True
