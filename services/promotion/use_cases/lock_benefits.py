"""Hold coupons for an order that is being placed."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from services.promotion.domain.benefit import Applied, Basket, Choice, Skipped, SkipReason
from services.promotion.domain.coupon import CouponMove, CouponNotUsable
from services.promotion.domain.lock import LockedOtherwise, LockReleased, LockState
from services.promotion.storage.campaigns import spend
from services.promotion.storage.coupons import Coupon, coupons_for_update
from services.promotion.storage.locks import (
    Benefit,
    benefits_of,
    claim_lock,
    keep_choice,
    lock_for_update,
)
from services.promotion.use_cases.choose_benefits import choose_benefits
from shared.contracts.ids import CouponId, OrderId, UserId
from shared.contracts.promotion import BenefitsLocked
from shared.kit.caller import Caller
from shared.kit.money import Money
from shared.kit.session import Transaction


async def lock_benefits(
    tx: Transaction,
    caller: Caller,
    order_id: OrderId,
    basket: Basket,
    coupon_ids: Collection[UUID],
) -> Choice:
    """The coupons that count are held for the order, once; the same call gets the same answer.

    Raises BenefitsNotFound, LockReleased, LockedOtherwise, CouponNotUsable.
    Tells promotion.locked.v1.
    """
    asked = _asked(basket, coupon_ids)
    if not await claim_lock(tx, order_id, UserId(caller.id), asked):
        return await _again(tx, caller, order_id, asked)
    await coupons_for_update(tx, coupon_ids, of=caller)
    choice = await choose_benefits(tx, caller, basket, coupon_ids)
    _check_any(choice)

    discount = Money.zero(basket.list_price.currency)
    for applied in choice.applied:
        await _hold(tx, caller, order_id, applied)
        discount += applied.amount
    is_first = any(applied.first_order_only for applied in choice.applied)
    keep_choice(tx, order_id, [_kept(skip) for skip in choice.skipped], is_first)

    held = [applied.coupon_id for applied in choice.applied]
    ids = {"order_id": order_id, "user_id": UserId(caller.id)}
    tx.publish(BenefitsLocked(**ids, coupons=held, discount=discount))
    return choice


def _asked(basket: Basket, coupon_ids: Collection[UUID]) -> dict[str, Any]:
    """The request in canonical form: the order in which coupons are named does not matter."""
    price = basket.list_price
    return {
        "category": basket.category,
        "offering_id": str(basket.offering_id),
        "list_price": {"minor": price.minor, "currency": price.currency.value},
        "coupon_ids": sorted({str(id) for id in coupon_ids}),
    }


def _check_any(choice: Choice) -> None:
    """Somebody who names coupons and gets none must learn it before the order is placed."""
    if choice.skipped and not choice.applied:
        skipped = [_kept(skip) for skip in choice.skipped]
        raise CouponNotUsable(**skipped[0], skipped=skipped)


async def _hold(tx: Transaction, caller: Caller, order_id: OrderId, applied: Applied) -> None:
    held = {"order_id": order_id}
    await tx.move_where(Coupon, applied.coupon_id, CouponMove.LOCK, by=caller, **held)
    if not await spend(tx, applied.code, applied.amount):  # Another order was faster.
        lost = _kept(Skipped(applied.coupon_id, applied.code, SkipReason.BUDGET_SPENT))
        raise CouponNotUsable(**lost, skipped=[lost])
    tx.write(
        Benefit(
            order_id=order_id,
            coupon_id=applied.coupon_id,
            campaign=applied.code,
            amount=applied.amount,
            funder=applied.funder,
        )
    )


def _kept(skip: Skipped) -> dict[str, str]:
    return {"coupon_id": str(skip.coupon_id), "code": skip.code, "reason": skip.reason.value}


async def _again(
    tx: Transaction, caller: Caller, order_id: OrderId, asked: dict[str, Any]
) -> Choice:
    """The first answer, to the same call."""
    lock = await lock_for_update(tx, caller, order_id)
    assert lock is not None
    if lock.state is LockState.RELEASED:
        raise LockReleased("Place the order anew.", order_id=order_id)
    if lock.asked != asked:
        raise LockedOtherwise("The order holds other benefits.", order_id=order_id)
    benefits = await benefits_of(tx, order_id)
    return Choice(
        tuple(Applied(b.coupon_id, b.campaign, b.amount, b.funder) for b in benefits),
        tuple(
            Skipped(CouponId(UUID(s["coupon_id"])), s["code"], SkipReason(s["reason"]))
            for s in lock.skipped
        ),
    )
