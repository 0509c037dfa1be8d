"""Answer for a move of the table that is not offered yet."""

from services.order.domain.order import OrderMove
from services.order.storage.history import move_order
from services.order.storage.locking import LockedOrder, order_for_update
from shared.contracts.ids import OrderId
from shared.kit.caller import Caller
from shared.kit.session import Transaction


async def make_unbuilt_move(
    tx: Transaction, caller: Caller, order_id: OrderId, move: OrderMove
) -> LockedOrder:
    """Refuse by role, then by state, then because the move is not built; nothing changes.

    Raises OrderNotFound, MoveForbidden, MoveRefused, MoveNotBuilt.
    """
    order = await order_for_update(tx, caller, order_id)
    return await move_order(tx, order, move, by=caller)
