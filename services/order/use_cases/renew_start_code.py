"""Give an order a new start code."""

from services.order.domain.tabs import shows_code
from services.order.storage.history import note_on_order
from services.order.storage.locking import LockedOrder, order_with_crew_for_update
from shared.contracts.ids import OrderId
from shared.kit.caller import Caller
from shared.kit.session import Transaction
from shared.kit.states import MoveRefused
from shared.privacy.masks import scrub


async def renew_start_code(
    tx: Transaction, caller: Caller, order_id: OrderId, reason: str, new_code: str
) -> LockedOrder:
    """Staff unlock an arrival after too many wrong codes; only the user is shown the new one.

    Raises OrderNotFound, MoveRefused.
    """
    order, crew = await order_with_crew_for_update(tx, caller, order_id)

    if not shows_code(order.state, crew.seats, order.visit_number):
        raise MoveRefused(f"No start code is needed when {order.state}.", state=order.state)

    fresh = {"start_code": new_code, "start_tries": 0}
    return await note_on_order(
        tx, order, "start_code_renewed", by=caller, reason=scrub(reason), also=fresh
    )
