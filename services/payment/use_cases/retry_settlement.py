"""Send a settlement that the bank refused to it once more, by staff."""

from services.payment.domain.settlement import SettlementMove, SettlementNotFound
from services.payment.storage.payables import payable_for_update
from services.payment.storage.settlements import (
    Settlement,
    settlement_now,
    settlement_of,
)
from shared.contracts.ids import AccountId, OrderId
from shared.kit.caller import Caller
from shared.kit.session import Transaction
from shared.privacy.masks import scrub


async def retry_settlement(
    tx: Transaction, caller: Caller, order_id: OrderId, note: str
) -> Settlement:
    """Instruct the bank again under the same id.

    Raises PayableNotFound, SettlementNotFound, MoveRefused, MoveForbidden.
    """
    await payable_for_update(tx, caller, order_id)
    known = await settlement_of(tx, order_id)
    if known is None:
        raise SettlementNotFound(f"Order {order_id} was not settled.")
    mine = await settlement_now(tx, known.id)

    tx.move(mine, SettlementMove.RETRY, by=caller)
    mine.note, mine.retried_by = scrub(note), AccountId(caller.id)
    await tx.schedule("settle", mine.id, tx.now)
    return mine
