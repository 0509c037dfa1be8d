"""Forget workers who no longer hold a position of an order."""

from collections.abc import Sequence

from services.payment.storage.payables import lock_payable, release_shares
from shared.contracts.ids import OrderId, WorkerId
from shared.kit.session import Transaction


async def release_positions(
    tx: Transaction, order_id: OrderId, positions: Sequence[int], workers: Sequence[WorkerId]
) -> None:
    """Nothing of this order is coming to a worker who was released from it.

    Raises PayableNotFound.
    """
    await lock_payable(tx, order_id)
    release_shares(tx, order_id, list(zip(positions, workers, strict=False)))
