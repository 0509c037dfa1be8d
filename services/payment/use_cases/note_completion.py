"""Note when the pay of a completed order will be released at the latest."""

from datetime import datetime

from services.payment.storage.payables import lock_payable, note_release
from shared.contracts.ids import OrderId
from shared.kit.session import Transaction


async def note_completion(tx: Transaction, order_id: OrderId, accept_until: datetime) -> None:
    """Show the coming pay with the instant at which silence accepts the work.

    Raises PayableNotFound.
    """
    await lock_payable(tx, order_id)
    note_release(tx, order_id, accept_until)
