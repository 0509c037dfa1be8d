"""Have the bank carry out a settlement."""

from uuid import UUID

from services.payment.domain.ports import BankRefused, BankSplit, EscrowBank
from services.payment.domain.settlement import SettlementMove
from services.payment.storage.payables import payable_for_update
from services.payment.storage.settlements import (
    Settlement,
    settlement,
    settlement_now,
)
from services.payment.use_cases.post_settlement import post_settlement
from shared.kit.caller import SYSTEM
from shared.kit.log import get_logger
from shared.kit.money import Money
from shared.kit.session import Begin

log = get_logger(__name__)


async def execute_settlement(begin: Begin, bank: EscrowBank, settlement_id: UUID) -> None:
    """Pay the platform's discounts in, have the bank divide the whole, and post what it did.

    Each instruction goes under the settlement's id, as often as it takes. A refusal is for staff.

    Raises Unavailable.
    """
    async with begin.alone() as tx:
        asked = await settlement(tx, settlement_id)
        if asked.state not in SettlementMove.EXECUTE.sources:
            return

    executed_at = None
    try:
        await _top_up(begin, bank, asked)
        if splits := _splits(asked):
            executed_at = await bank.instruct(str(asked.id), str(asked.order_id), splits)
    except BankRefused as refused:
        await _refuse(begin, asked, refused)
        return

    async with begin() as tx:
        await post_settlement(tx, settlement_id, executed_at)


def _splits(asked: Settlement) -> list[BankSplit]:
    currency = asked.commission.currency
    return [
        BankSplit(line["party"], line["account"], Money(line["amount_minor"], currency))
        for line in asked.splits
    ]


async def _top_up(begin: Begin, bank: EscrowBank, asked: Settlement) -> None:
    """The platform's part comes into the sub-account, once, and that is noted before it leaves."""
    if not asked.top_up or asked.topped_up_at is not None:
        return
    topped_up_at = await bank.top_up(str(asked.id), str(asked.order_id), asked.top_up)
    async with begin() as tx:
        await payable_for_update(tx, SYSTEM, asked.order_id)
        mine = await settlement_now(tx, asked.id)
        mine.topped_up_at = topped_up_at


async def _refuse(begin: Begin, asked: Settlement, refused: BankRefused) -> None:
    log.error("settlement.refused", settlement_id=str(asked.id), code=refused.facts)
    async with begin() as tx:
        await payable_for_update(tx, SYSTEM, asked.order_id)
        mine = await settlement_now(tx, asked.id)
        tx.move(mine, SettlementMove.REFUSE, by=SYSTEM)
        mine.problem = str(refused.facts["bank_code"])[:200]
