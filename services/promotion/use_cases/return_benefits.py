"""Give back the benefits of an order that was refunded in full."""

from services.promotion.domain.coupon import CouponMove
from services.promotion.domain.lock import LockMove
from services.promotion.storage.locks import lock_for_update
from services.promotion.storage.outcomes import note_refunded
from services.promotion.use_cases.free_coupons import free_coupons
from shared.contracts.ids import OrderId, UserId
from shared.contracts.promotion import BenefitsReturned
from shared.kit.caller import Caller
from shared.kit.session import Transaction


async def return_benefits(
    tx: Transaction, caller: Caller, order_id: OrderId, user_id: UserId
) -> None:
    """The user has the coupons again, once, and is as before the order.

    Heard before the order was heard to be paid, it waits for that.
    Raises MoveForbidden. Tells promotion.returned.v1.
    """
    lock = await lock_for_update(tx, caller, order_id)
    await note_refunded(tx, order_id, user_id)
    if lock is None or lock.state not in LockMove.RETURN.sources:
        return

    tx.move(lock, LockMove.RETURN, by=caller)
    coupons = await free_coupons(tx, caller, order_id, CouponMove.RETURN)

    tx.publish(BenefitsReturned(order_id=order_id, user_id=lock.user_id, coupons=coupons))
