"""Place an order at a quoted price, holding its coupons first."""

from datetime import timedelta

from services.order.domain.deadlines import PLACING_SECONDS
from services.order.domain.ports import Promotion
from services.order.storage.orders import Order
from services.order.storage.quotes import claim_quote, placing_by, quote_to_order
from services.order.use_cases.finish_placing import finish_placing
from shared.contracts.ids import OrderId, QuoteId
from shared.kit.caller import Caller, Role
from shared.kit.ids import new_id_in, shard_of
from shared.kit.once import Steps
from shared.privacy.masks import scrub


async def place_order_with_benefits(
    steps: Steps,
    promotion: Promotion,
    caller: Caller,
    user: Caller,
    quote_id: QuoteId,
    hash: str,
    code: str,
    reason: str = "",
) -> Order:
    """Claim the user's quote for a new order, hold its coupons, then place it.

    The caller is that user, or staff who say why they order for them; the timer knows who.

    Raises QuoteNotFound, QuoteUsed, QuoteExpired, PriceChanged, OfferingNotFound,
    OfferingOffSale, Refused, Unavailable.
    """
    order_id, reason = OrderId(new_id_in(shard_of(user.id))), scrub(reason)
    staff_id = str(caller.id) if caller.role is Role.STAFF else None
    async with steps.claim(order_id) as tx:
        quote = await quote_to_order(tx, user, quote_id, hash)
        claimed = claim_quote(tx, quote, order_id, code)
        due_at = tx.now + timedelta(seconds=PLACING_SECONDS)
        about = {
            "quote_id": str(quote_id),
            "user_id": str(user.id),
            "staff_id": staff_id,
            "reason": reason,
        }
        await tx.schedule("placing", order_id, due_at, **about)
    return await finish_placing(steps, promotion, placing_by(claimed, caller, reason))
