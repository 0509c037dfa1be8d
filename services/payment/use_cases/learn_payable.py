"""Ask the order service for an order whose news has not come yet."""

from services.payment.domain.ports import Orders
from services.payment.use_cases.keep_payable import keep_payable
from shared.contracts.ids import OrderId
from shared.kit.caller import Caller
from shared.kit.session import Begin


async def learn_payable(begin: Begin, orders: Orders, caller: Caller, order_id: OrderId) -> None:
    """Keep what the order service says of an order, just as if it had been told.

    Raises Refused, Unavailable.
    """
    placed = await orders.payable(caller, order_id)
    async with begin() as tx:
        await keep_payable(tx, placed)
