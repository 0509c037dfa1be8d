"""Answer for an after-sales case, which cannot be opened yet."""

from services.order.domain.order import CASE_STATES
from services.order.domain.refusals import MoveNotBuilt
from services.order.storage.locking import LockedOrder, order_for_update
from shared.contracts.ids import OrderId
from shared.kit.caller import Caller
from shared.kit.session import Transaction
from shared.kit.states import MoveRefused


async def open_case(tx: Transaction, caller: Caller, order_id: OrderId) -> LockedOrder:
    """Refuse by state where no case could ever be opened, otherwise because it is not built.

    Raises OrderNotFound, MoveRefused, MoveNotBuilt.
    """
    order = await order_for_update(tx, caller, order_id)

    if order.state not in CASE_STATES:
        raise MoveRefused(f"No case can be opened when {order.state}.", state=order.state)
    raise MoveNotBuilt("Cases are not offered yet.", move="after_sales", state=order.state)
