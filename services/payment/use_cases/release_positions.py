"""Forget workers who no longer hold a position of an order."""

from collections.abc import Sequence

from services.payment.storage.payables import payable_for_update, shares_of
from shared.contracts.ids import OrderId, WorkerId
from shared.kit.caller import SYSTEM
from shared.kit.session import Transaction


async def release_positions(
    tx: Transaction, order_id: OrderId, positions: Sequence[int], workers: Sequence[WorkerId]
) -> None:
    """Nothing of this order is coming to a worker who was released from it.

    Raises PayableNotFound.
    """
    await payable_for_update(tx, SYSTEM, order_id)
    released = set(zip(positions, workers, strict=False))
    for share in await shares_of(tx, order_id):
        if (share.position, share.worker_id) in released:
            share.worker_id = None
