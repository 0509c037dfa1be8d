"""Take up a placing that was cut between its two transactions."""

from services.order.domain.ports import Promotion
from services.order.domain.refusals import PriceChanged, QuoteNotFound
from services.order.storage.orders import order_exists
from services.order.storage.quotes import placing_by, quote_of
from services.order.use_cases.finish_placing import finish_placing
from services.order.use_cases.take_back_placing import take_back_placing
from shared.contracts.ids import OrderId, QuoteId
from shared.kit.caller import Caller, Role
from shared.kit.errors import Refused
from shared.kit.once import RequestUndone, Steps
from shared.kit.session import Begin


async def resume_placing(
    begin: Begin,
    promotion: Promotion,
    order_id: OrderId,
    quote_id: QuoteId,
    owner: Caller | None = None,
    by: Caller | None = None,
    reason: str = "",
) -> None:
    """Finish the owner's placing, or take it back if its coupons cannot be held.

    Whose it is the quote says too, as long as it is kept. Raises QuoteNotFound, Unavailable.
    """
    async with begin() as tx:
        if await order_exists(tx, order_id):
            return  # The request itself got to its end.
        quote = await quote_of(tx, quote_id)

    steps = Steps.resumed(begin, order_id)
    if quote is not None:
        owner = Caller(quote.user_id, Role.USER)
    if owner is None:
        raise QuoteNotFound(f"No price quote {quote_id}.")
    # It was being taken back, and that was cut too; perhaps so long ago that the quote is gone.
    if quote is None or quote.order_id != order_id:
        await take_back_placing(steps, promotion, owner, order_id, quote_id)
        return
    try:
        await finish_placing(steps, promotion, placing_by(quote, by, reason))
    except (Refused, PriceChanged, RequestUndone):
        return  # Taken back just now; the user may order again.
