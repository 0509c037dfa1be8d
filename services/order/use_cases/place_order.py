"""Place an order at a quoted price without coupons."""

from services.order.domain.quoting import check_orderable
from services.order.storage.offered import offered_now
from services.order.storage.orders import Order
from services.order.storage.placing import write_order
from services.order.storage.quotes import quote_for_update
from services.order.storage.telling import placed_facts
from shared.contracts.ids import QuoteId
from shared.contracts.order import OrderPlaced
from shared.kit.caller import Caller
from shared.kit.ids import new_id_in
from shared.kit.session import Transaction


async def place_order(
    tx: Transaction, caller: Caller, quote_id: QuoteId, hash: str, start_code: str
) -> Order:
    """Order what was quoted; the user has fifteen minutes to pay.

    Raises QuoteNotFound, QuoteUsed, QuoteExpired, PriceChanged, OfferingNotFound,
    OfferingOffSale. Tells order.placed.v1.
    """
    quote = await quote_for_update(tx, caller, quote_id)
    offered = await offered_now(tx, quote.offering_id)

    check_orderable(
        used=quote.order_id is not None,
        expires_at=quote.expires_at,
        now=tx.now,
        shown=quote.hash,
        asked=hash,
        version_shown=quote.price_version,
        version_now=offered.price_version,
    )

    order_id = new_id_in(quote.shard)
    placed = await write_order(tx, caller, order_id, quote, offered, [], start_code)

    tx.publish(
        OrderPlaced(**placed_facts(placed.order, placed.visits, placed.stops, placed.positions))
    )
    return placed.order
