"""Choose the coupons that an order gets."""

from collections.abc import Collection
from uuid import UUID

from services.promotion.domain.benefit import Basket, Choice, choose
from services.promotion.storage.coupons import holdings_of
from shared.kit.caller import Caller
from shared.kit.session import Transaction


async def choose_benefits(
    tx: Transaction, caller: Caller, basket: Basket, coupon_ids: Collection[UUID] | None
) -> Choice:
    """The best of the coupons named, or of all that the caller holds; the rest with reasons.

    Changes nothing.
    """
    holdings = await holdings_of(tx, caller, coupon_ids)

    return choose(
        basket,
        holdings.candidates,
        asked=coupon_ids or (),
        is_first_order=not holdings.had_first_order,
        now=tx.now,
    )
