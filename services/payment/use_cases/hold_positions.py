"""Remember who holds the positions of an order."""

from collections.abc import Sequence

from services.payment.storage.payables import hold_shares, lock_payable
from shared.contracts.ids import OrderId
from shared.contracts.shapes import Crew
from shared.kit.session import Transaction


async def hold_positions(tx: Transaction, order_id: OrderId, crew: Sequence[Crew]) -> None:
    """Show each worker of the crew what is coming to them.

    Raises PayableNotFound.
    """
    await lock_payable(tx, order_id)
    hold_shares(tx, order_id, crew)
