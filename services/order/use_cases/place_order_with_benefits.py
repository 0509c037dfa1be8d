"""Place an order at a quoted price, holding its coupons first."""

from datetime import timedelta

from services.order.domain.deadlines import PLACING_SECONDS
from services.order.domain.ports import Promotion
from services.order.storage.orders import Order
from services.order.storage.quotes import claim_quote, placing_by, quote_to_order
from services.order.use_cases.finish_placing import finish_placing
from shared.contracts.ids import OrderId, QuoteId
from shared.kit.caller import Caller
from shared.kit.ids import new_id_in, shard_of
from shared.kit.once import Steps


async def place_order_with_benefits(
    steps: Steps, promotion: Promotion, caller: Caller, quote_id: QuoteId, hash: str, code: str
) -> Order:
    """Claim the quote for a new order, hold its coupons, then place it.

    Raises QuoteNotFound, QuoteUsed, QuoteExpired, PriceChanged, OfferingNotFound,
    OfferingOffSale, Refused, Unavailable.
    """
    order_id = OrderId(new_id_in(shard_of(caller.id)))
    async with steps.claim(order_id) as tx:
        quote = await quote_to_order(tx, caller, quote_id, hash)
        claimed = claim_quote(tx, quote, order_id, code)
        due_at = tx.now + timedelta(seconds=PLACING_SECONDS)
        await tx.schedule("placing", order_id, due_at, quote_id=str(quote_id))
    return await finish_placing(steps, promotion, placing_by(claimed))
