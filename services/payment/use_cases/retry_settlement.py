"""Send a settlement that the bank refused to it once more, by staff."""

from services.payment.domain.settlement import SettlementMove, SettlementNotFound
from services.payment.storage.payables import payable_for_update
from services.payment.storage.settlements import (
    Settlement,
    settlement_for_update,
    settlement_of,
)
from shared.contracts.ids import OrderId
from shared.kit.caller import Caller
from shared.kit.log import get_logger
from shared.kit.session import Transaction

log = get_logger(__name__)


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
    mine = await settlement_for_update(tx, known.id)

    tx.move(mine, SettlementMove.RETRY, by=caller)
    await tx.schedule("settle", mine.id, tx.now)
    log.info("settlement.retried", settlement_id=str(mine.id), by=str(caller.id), note=note)
    return mine
