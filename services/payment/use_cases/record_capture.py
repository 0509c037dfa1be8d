"""Take in money that a channel says was paid."""

from services.payment.domain import ledger
from services.payment.domain.commission import commission_on
from services.payment.domain.payable import PayableMove
from services.payment.domain.payment import PaymentMove
from services.payment.domain.ports import Receipt
from services.payment.domain.refund import RefundReason
from services.payment.storage.commission_rules import brackets_of, rule_for
from services.payment.storage.ledger import post
from services.payment.storage.payables import (
    Capture,
    Payable,
    PayShare,
    capture_of,
    payable_for_update,
    promotions_of,
)
from services.payment.storage.payments import (
    Payment,
    closable_payments,
    payment,
    payment_for_update,
)
from services.payment.use_cases.open_refund import open_refund
from shared.contracts.ids import PaymentId
from shared.contracts.payment import LateCaptured, PaymentCaptured
from shared.contracts.shapes import PositionPay
from shared.kit.caller import SYSTEM
from shared.kit.money import Money
from shared.kit.session import Transaction


async def record_capture(tx: Transaction, payment_id: PaymentId, receipt: Receipt) -> None:
    """Put paid money into escrow, or send it back where the order does not need it. Once.

    Raises PaymentNotFound. Tells payment.captured.v1, payment.late_captured.v1.
    """
    order_id = (await payment(tx, SYSTEM, payment_id)).order_id
    payable = await payable_for_update(tx, SYSTEM, order_id)
    attempt = await payment_for_update(tx, payment_id)
    if attempt.state not in PaymentMove.CAPTURE.sources:
        return

    attempt.transaction_id, attempt.paid_at = receipt.transaction_id, receipt.paid_at
    await tx.cancel_timer("poll_payment", attempt.id)
    if payable.state not in PayableMove.CAPTURE.sources:
        paid_before = await capture_of(tx, order_id) is not None
        tx.move(attempt, PaymentMove.SURPASS, by=SYSTEM)
        owed = (attempt.id, order_id, attempt.channel, attempt.amount)
        await post(tx, ledger.late_captured(*owed))
        reason = RefundReason.SECOND if paid_before else RefundReason.LATE
        refund = await open_refund(tx, attempt, attempt.amount, reason)
        told = {"order_id": order_id, "user_id": payable.user_id, "amount": attempt.amount}
        tx.publish(LateCaptured(**told, refund_id=refund.id))
        return

    tx.move(attempt, PaymentMove.CAPTURE, by=SYSTEM)
    tx.move(payable, PayableMove.CAPTURE, by=SYSTEM)
    tx.publish(await _into_escrow(tx, payable, attempt))
    await tx.cancel_timer("pay_deadline", order_id)
    if await closable_payments(tx, order_id):
        await tx.schedule("close_payments", order_id, tx.now)


async def _into_escrow(tx: Transaction, payable: Payable, attempt: Payment) -> PaymentCaptured:
    """Post the money, work out the commission and each position's net pay, and keep them."""
    promotions = promotions_of(payable)
    where = (attempt.id, payable.order_id, attempt.channel)
    await post(tx, ledger.captured(*where, attempt.amount, promotions))
    rule = await rule_for(tx, payable.category, tx.now)
    held = sum((amount for _, amount in promotions), attempt.amount)
    # Never more than is held: tolls and the like are on top of the base, never below it.
    commission = min(commission_on(payable.base, brackets_of(rule)), held)
    capture = Capture(
        order_id=payable.order_id,
        payment_id=attempt.id,
        amount=attempt.amount,
        commission=commission,
        commission_rule=rule.version,
        captured_at=tx.now,
    )
    tx.add(capture)
    shares = _shares(payable, held - commission, commission)
    tx.add(*shares)
    return PaymentCaptured(
        order_id=payable.order_id,
        user_id=payable.user_id,
        amount=attempt.amount,
        channel=attempt.channel,
        commission=commission,
        commission_rule=rule.version,
        pay=[
            PositionPay(visit_number=s.visit_number, position=s.position, net=s.net) for s in shares
        ],
    )


def _shares(payable: Payable, net: Money, commission: Money) -> list[PayShare]:
    """Net pay and commission split by the weights of the positions, exactly."""
    weights = [weight for _, _, weight in payable.positions]
    parts = zip(payable.positions, net.split(weights), commission.split(weights), strict=True)
    return [
        PayShare(
            order_id=payable.order_id,
            visit_number=visit_number,
            position=position,
            net=pay,
            commission=kept,
        )
        for (visit_number, position, _), pay, kept in parts
    ]
