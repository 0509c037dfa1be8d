"""Have the bank carry out a settlement."""

from uuid import UUID

from services.payment.domain.ports import BankRefused, BankSplit, EscrowBank
from services.payment.domain.settlement import SettlementMove
from services.payment.storage.payables import payable_for_update
from services.payment.storage.settlements import settlement, settlement_for_update
from services.payment.use_cases.post_settlement import post_settlement
from shared.kit.caller import SYSTEM
from shared.kit.log import get_logger
from shared.kit.money import Money
from shared.kit.session import Begin

log = get_logger(__name__)


async def execute_settlement(begin: Begin, bank: EscrowBank, settlement_id: UUID) -> None:
    """Instruct the bank under the settlement's id, then post what it did. A refusal is for staff.

    Raises Unavailable.
    """
    async with begin() as tx:
        asked = await settlement(tx, settlement_id)
        if asked.state not in SettlementMove.EXECUTE.sources:
            return
        currency = asked.commission.currency
        splits = [
            BankSplit(line["party"], line["account"], Money(line["amount_minor"], currency))
            for line in asked.splits
        ]

    executed_at = None
    try:
        if splits:
            executed_at = await bank.instruct(str(asked.id), str(asked.order_id), splits)
    except BankRefused as refused:
        log.error("settlement.refused", settlement_id=str(asked.id), code=refused.facts)
        async with begin() as tx:
            await payable_for_update(tx, SYSTEM, asked.order_id)
            mine = await settlement_for_update(tx, settlement_id)
            tx.move(mine, SettlementMove.REFUSE, by=SYSTEM)
            mine.problem = str(refused.facts["bank_code"])[:200]
        return

    async with begin() as tx:
        await post_settlement(tx, settlement_id, executed_at)
