"""Post a settlement that the bank has carried out."""

from datetime import datetime
from uuid import UUID

from services.payment.domain import ledger
from services.payment.domain.payable import PayableMove
from services.payment.domain.refund import RefundReason
from services.payment.domain.settlement import SettlementMove, split_like
from services.payment.storage.ledger import post
from services.payment.storage.payables import (
    Payable,
    capture_of,
    payable_for_update,
    promotions_of,
)
from services.payment.storage.payments import payment
from services.payment.storage.settlements import Settlement, settlement, settlement_for_update
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
    order_id = (await settlement(tx, settlement_id)).order_id
    payable = await payable_for_update(tx, SYSTEM, order_id)
    mine = await settlement_for_update(tx, settlement_id)
    if mine.state not in SettlementMove.EXECUTE.sources:
        return
    shares = _shares(mine)

    tx.move(mine, SettlementMove.EXECUTE, by=SYSTEM)
    tx.move(payable, PayableMove.SETTLE, by=SYSTEM)
    mine.executed_at = executed_at
    await post(tx, _posting(payable, mine, shares))
    if mine.to_user:
        await _send_back(tx, payable, mine)

    told = {"order_id": order_id, "user_id": payable.user_id}
    tx.publish(Settled(**told, shares=shares, commission=mine.commission))


def _shares(mine: Settlement) -> list[WorkerShare]:
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


def _posting(payable: Payable, mine: Settlement, shares: list[WorkerShare]) -> ledger.Posting:
    promotions = promotions_of(payable)
    back = split_like(mine.to_promotion, [amount for _, amount in promotions]) if promotions else []
    return ledger.settled(
        mine.id,
        payable.order_id,
        [(WorkerId(share.worker_id), share.net) for share in shares],
        (payable.category, mine.commission),
        mine.to_user,
        [(code, amount) for (code, _), amount in zip(promotions, back, strict=True)],
    )


async def _send_back(tx: Transaction, payable: Payable, mine: Settlement) -> None:
    """The unworked positions' part goes back to the user."""
    capture = await capture_of(tx, payable.order_id)
    assert capture is not None
    paid = await payment(tx, SYSTEM, capture.payment_id)
    await open_refund(tx, paid, mine.to_user, RefundReason.UNWORKED)
    payable.refunded += mine.to_user
