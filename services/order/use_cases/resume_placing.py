"""Take up a placing that was cut between its two transactions."""

from services.order.domain.ports import Promotion
from services.order.domain.refusals import PriceChanged
from services.order.storage.orders import order_exists
from services.order.storage.quotes import placing_by, quote_of
from services.order.use_cases.finish_placing import finish_placing
from shared.contracts.ids import OrderId, QuoteId
from shared.kit.errors import Refused
from shared.kit.once import RequestUndone, Steps
from shared.kit.session import Begin


async def resume_placing(
    begin: Begin, promotion: Promotion, order_id: OrderId, quote_id: QuoteId
) -> None:
    """Finish the placing, or take it back if its coupons cannot be held.

    Raises Unavailable.
    """
    async with begin() as tx:
        if await order_exists(tx, order_id):
            return  # The request itself got to its end.
        quote = await quote_of(tx, quote_id)
    if quote.order_id != order_id:
        return  # It was taken back.

    placing = placing_by(quote)
    try:
        await finish_placing(Steps.resumed(begin, order_id), promotion, placing)
    except (Refused, PriceChanged):
        return  # Taken back just now; the user may order again.
    except RequestUndone:
        await promotion.release(placing.caller, order_id)
