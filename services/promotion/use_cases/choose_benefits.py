"""Choose the coupons that an order gets."""

from collections.abc import Collection
from uuid import UUID

from services.promotion.domain.benefit import Basket, Choice, choose
from services.promotion.storage.coupons import candidates_for
from services.promotion.storage.locks import is_first_order_taken
from services.promotion.storage.outcomes import has_paid_order
from shared.kit.caller import Caller
from shared.kit.session import Transaction


async def choose_benefits(
    tx: Transaction, caller: Caller, basket: Basket, coupon_ids: Collection[UUID] | None
) -> Choice:
    """The best of the coupons named, or of all that the caller holds; the rest with reasons.

    Changes nothing.
    """
    candidates = await candidates_for(tx, caller, coupon_ids)
    had_first = await has_paid_order(tx, caller) or await is_first_order_taken(tx, caller)

    return choose(
        basket,
        candidates,
        asked=coupon_ids or (),
        is_first_order=not had_first,
        now=tx.now,
    )
