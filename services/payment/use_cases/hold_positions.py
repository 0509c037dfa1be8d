"""Remember who holds the positions of an order."""

from collections.abc import Sequence

from services.payment.storage.payables import payable_for_update, shares_of
from shared.contracts.ids import OrderId
from shared.contracts.shapes import Crew
from shared.kit.caller import SYSTEM
from shared.kit.session import Transaction


async def hold_positions(tx: Transaction, order_id: OrderId, crew: Sequence[Crew]) -> None:
    """Show each worker of the crew what is coming to them.

    Raises PayableNotFound.
    """
    await payable_for_update(tx, SYSTEM, order_id)
    holders = {(member.visit_number, member.position): member.worker_id for member in crew}
    for share in await shares_of(tx, order_id):
        share.worker_id = holders.get((share.visit_number, share.position), share.worker_id)
