"""Place an order at a quoted price without coupons."""

from services.order.storage.orders import Order
from services.order.storage.placing import write_order
from services.order.storage.quotes import quote_to_order
from services.order.storage.telling import placed_facts
from shared.contracts.ids import QuoteId
from shared.contracts.order import OrderPlaced
from shared.kit.caller import Caller
from shared.kit.ids import new_id_in
from shared.kit.session import Transaction
from shared.privacy.masks import scrub


async def place_order(
    tx: Transaction,
    caller: Caller,
    user: Caller,
    quote_id: QuoteId,
    hash: str,
    start_code: str,
    reason: str = "",
) -> Order:
    """Order what was quoted to the user, who has fifteen minutes to pay.

    The caller is that user, or staff who say why they order for them.

    Raises QuoteNotFound, QuoteUsed, QuoteExpired, PriceChanged, OfferingNotFound,
    OfferingOffSale. Tells order.placed.v1.
    """
    quote = await quote_to_order(tx, user, quote_id, hash)

    order_id = new_id_in(quote.shard)
    placed = await write_order(tx, caller, order_id, quote, [], start_code, scrub(reason))

    tx.publish(
        OrderPlaced(**placed_facts(placed.order, placed.visits, placed.stops, placed.positions))
    )
    return placed.order
