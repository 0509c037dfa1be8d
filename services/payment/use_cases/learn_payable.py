"""Ask the order service for an order whose news has not come yet."""

from services.payment.domain.ports import Orders
from services.payment.storage.payables import is_payable_known
from shared.contracts.ids import OrderId
from shared.contracts.order import OrderPlaced
from shared.kit.caller import Caller
from shared.kit.session import Opening


async def learn_payable(
    begin_read: Opening, orders: Orders, caller: Caller, order_id: OrderId
) -> OrderPlaced | None:
    """What the order service says of an order, just as it will tell it; None if it is here already.

    Raises Refused, Unavailable.
    """
    async with begin_read() as tx:
        if await is_payable_known(tx, order_id):
            return None

    return await orders.payable(caller, order_id)
