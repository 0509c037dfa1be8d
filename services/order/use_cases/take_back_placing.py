"""Take a placing back whose coupons cannot be held."""

from services.order.domain.ports import Promotion
from services.order.storage.orders import order_exists
from services.order.storage.quotes import free_quote, quote_for_update
from shared.contracts.ids import OrderId, QuoteId
from shared.kit.caller import Caller
from shared.kit.once import Steps


async def take_back_placing(
    steps: Steps, promotion: Promotion, caller: Caller, order_id: OrderId, quote_id: QuoteId
) -> None:
    """The quote may be ordered by again, and no coupon is or ever will be held for this order.

    The quote is freed first: from then on nobody finishes the placing, so that no order is left
    without its coupons. They are released before the timer goes, which begins again here if it was
    cut between; a call to hold them that is still under way is refused then. Safe to repeat.
    A free quote may be forgotten before that. Raises Unavailable.
    """
    async with steps.begin() as tx:
        quote = await quote_for_update(tx, caller, quote_id)
        if await order_exists(tx, order_id):
            return  # A twin has placed it; its coupons are its own.
        if quote is not None and quote.order_id == order_id:
            free_quote(tx, quote)

    await promotion.release(caller, order_id)

    async with steps.undo() as tx:
        await tx.cancel_timer("placing", order_id)
