"""Give back what a cancelled order has paid."""

from services.payment.domain import ledger
from services.payment.domain.payable import PayableMove
from services.payment.domain.refund import RefundMove, RefundReason
from services.payment.storage.ledger import post
from services.payment.storage.payables import (
    Capture,
    Payable,
    capture_of,
    end_shares,
    payable_for_update,
    promotions_of,
)
from services.payment.storage.payments import closable_payments, payment
from services.payment.use_cases.open_refund import open_refund
from shared.contracts.ids import OrderId
from shared.contracts.payment import Refunded
from shared.kit.caller import SYSTEM
from shared.kit.money import Money
from shared.kit.session import Transaction


async def cancel_payable(tx: Transaction, order_id: OrderId, fee: Money) -> None:
    """Close what is open; refund what was captured less the fee. Nothing captured: tell so at once.

    Raises PayableNotFound. Tells payment.refunded.v1.
    """
    payable = await payable_for_update(tx, SYSTEM, order_id)
    if payable.state not in PayableMove.CANCEL.sources:
        return
    capture = await capture_of(tx, order_id)

    tx.move(payable, PayableMove.CANCEL, by=SYSTEM)
    await tx.cancel_timer("pay_deadline", order_id)
    if await closable_payments(tx, order_id):
        await tx.schedule("close_payments", order_id, tx.now)
    if capture is None:
        return

    back = await _give_back(tx, payable, capture, fee)
    if capture.amount and not back:
        return  # The fee took it all.
    paid = await payment(tx, SYSTEM, capture.payment_id)
    refund = await open_refund(tx, paid, back, RefundReason.CANCELLED)
    if not back:  # Benefits had paid it all: they return on this news.
        tx.move(refund, RefundMove.SUCCEED, by=SYSTEM)
        refund.ended_at = tx.now
        told = {"order_id": order_id, "user_id": payable.user_id, "refund_id": refund.id}
        tx.publish(Refunded(**told, amount=back, full=True))


async def _give_back(tx: Transaction, payable: Payable, capture: Capture, fee: Money) -> Money:
    """Empty the escrow; what of it the user gets."""
    left = capture.amount - payable.refunded
    fee = min(fee, left)
    back = left - fee
    # The discounts have left already if staff gave the user everything back before.
    promotions = promotions_of(payable) if left or not capture.amount else []
    await post(tx, ledger.cancelled(payable.order_id, back, fee, promotions))
    payable.refunded += back
    end_shares(tx, payable.order_id)
    return back
