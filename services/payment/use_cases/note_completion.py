"""Note when the pay of a completed order will be released at the latest."""

from datetime import datetime

from services.payment.storage.payables import payable_for_update, shares_of
from shared.contracts.ids import OrderId
from shared.kit.caller import SYSTEM
from shared.kit.session import Transaction


async def note_completion(tx: Transaction, order_id: OrderId, accept_until: datetime) -> None:
    """Show the coming pay with the instant at which silence accepts the work.

    Raises PayableNotFound.
    """
    await payable_for_update(tx, SYSTEM, order_id)
    for share in await shares_of(tx, order_id):
        share.release_at = accept_until
