"""Post a settlement that the bank has carried out."""

from datetime import datetime
from uuid import UUID

from services.payment.domain import ledger
from services.payment.domain.payable import PayableMove
from services.payment.domain.refund import RefundReason
from services.payment.domain.settlement import SettlementMove, split_like
from services.payment.storage.divisions import Divided, divided_for_update
from services.payment.storage.ledger import post
from services.payment.storage.payables import (
    Payable,
    capture_of,
    end_shares,
    payable_for_update,
)
from services.payment.storage.payments import payment
from services.payment.storage.settlements import Settlement
from services.payment.use_cases.open_refund import open_refund
from shared.contracts.ids import WorkerId
from shared.contracts.payment import Settled, WorkerShare
from shared.kit.caller import SYSTEM
from shared.kit.money import Money
from shared.kit.session import Transaction


async def post_settlement(
    tx: Transaction, settlement_id: UUID, executed_at: datetime | None
) -> None:
    """Credit the workers and the commission, and send back what was not worked. Once.

    Raises SettlementNotFound. Tells payment.settled.v1.
    """
    mine = await divided_for_update(tx, settlement_id)
    if mine.state not in SettlementMove.EXECUTE.sources:
        return
    shares = _shares(mine)

    executed = {"executed_at": executed_at}
    await tx.move_where(Settlement, settlement_id, SettlementMove.EXECUTE, by=SYSTEM, **executed)
    await tx.move_where(Payable, mine.order_id, PayableMove.SETTLE, by=SYSTEM)
    await post(tx, _posting(settlement_id, mine, shares))
    end_shares(tx, mine.order_id)  # Available from here on, so no longer coming.
    if mine.to_user:
        await _send_back(tx, mine)

    told = {"order_id": mine.order_id, "user_id": mine.user_id}
    tx.publish(Settled(**told, shares=shares, commission=mine.commission))


def _shares(mine: Divided) -> list[WorkerShare]:
    """Each held position's part; nobody is told of a position that nobody held."""
    currency = mine.commission.currency
    return [
        WorkerShare(
            visit_number=line["visit_number"],
            position=line["position"],
            net=Money(line["net_minor"], currency),
            worker_id=line["worker_id"],
            worked=line["worked"],
        )
        for line in mine.shares
        if line["worker_id"]
    ]


def _posting(id: UUID, mine: Divided, shares: list[WorkerShare]) -> ledger.Posting:
    amounts = [amount for _, amount in mine.promotions]
    back = split_like(mine.to_promotion, amounts) if amounts else []
    return ledger.settled(
        id,
        mine.order_id,
        [(WorkerId(share.worker_id), share.net) for share in shares],
        (mine.category, mine.commission),
        mine.to_user,
        [(code, part) for (code, _), part in zip(mine.promotions, back, strict=True)],
    )


async def _send_back(tx: Transaction, mine: Divided) -> None:
    """The unworked positions' part goes back to the user."""
    payable = await payable_for_update(tx, SYSTEM, mine.order_id)
    capture = await capture_of(tx, mine.order_id)
    assert capture is not None
    paid = await payment(tx, SYSTEM, capture.payment_id)
    await open_refund(tx, paid, mine.to_user, RefundReason.UNWORKED)
    payable.refunded += mine.to_user
