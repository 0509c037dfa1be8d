"""Take in money that a channel says was paid."""

from datetime import datetime

from services.payment.domain import ledger
from services.payment.domain.commission import commission_on
from services.payment.domain.payable import PayableMove
from services.payment.domain.payment import PaymentMove
from services.payment.domain.ports import Receipt
from services.payment.domain.refund import RefundReason
from services.payment.storage.incomings import Incoming
from services.payment.storage.ledger import post, post_first
from services.payment.storage.payables import Capture, Payable, PayShare
from services.payment.storage.payments import Payment, payment
from services.payment.use_cases.open_refund import open_refund
from shared.contracts.payment import LateCaptured, PaymentCaptured
from shared.contracts.shapes import PositionPay
from shared.kit.caller import SYSTEM
from shared.kit.money import Money
from shared.kit.session import Transaction


async def record_capture(tx: Transaction, incoming: Incoming, receipt: Receipt) -> None:
    """Put paid money into escrow, or send it back where the order does not need it. Once.

    Tells payment.captured.v1, payment.late_captured.v1.
    """
    if incoming.payment_state not in PaymentMove.CAPTURE.sources:
        return
    payment_id, order_id = incoming.payment_id, incoming.order_id
    paid = {"transaction_id": receipt.transaction_id, "paid_at": receipt.paid_at}

    await tx.cancel_timer("poll_payment", payment_id)
    if incoming.payable_state not in PayableMove.CAPTURE.sources:
        await tx.move_where(Payment, payment_id, PaymentMove.SURPASS, by=SYSTEM, **paid)
        tx.publish(await _send_back(tx, incoming))
        return

    await tx.move_where(Payable, order_id, PayableMove.CAPTURE, by=SYSTEM)
    await tx.move_where(Payment, payment_id, PaymentMove.CAPTURE, by=SYSTEM, **paid)
    where = (payment_id, order_id, incoming.channel)
    post_first(tx, ledger.captured(*where, incoming.amount, incoming.promotions))
    await tx.cancel_timer("pay_deadline", order_id)
    if incoming.has_rivals:
        await tx.schedule("close_payments", order_id, tx.now)
    capture, shares = _divided(incoming, tx.now)
    tx.write(capture, *shares)

    tx.publish(_told(incoming, capture, shares))


async def _send_back(tx: Transaction, incoming: Incoming) -> LateCaptured:
    """The order does not need the money: owe it to the user at once."""
    where = (incoming.payment_id, incoming.order_id, incoming.channel)
    await post(tx, ledger.late_captured(*where, incoming.amount))
    reason = RefundReason.SECOND if incoming.is_paid else RefundReason.LATE
    surplus = await payment(tx, SYSTEM, incoming.payment_id)
    refund = await open_refund(tx, surplus, incoming.amount, reason)
    return LateCaptured(
        order_id=incoming.order_id,
        user_id=incoming.user_id,
        amount=incoming.amount,
        refund_id=refund.id,
    )


def _divided(incoming: Incoming, at: datetime) -> tuple[Capture, list[PayShare]]:
    """The commission, and net pay and commission split by the weights of the positions, exactly."""
    held = sum((amount for _, amount in incoming.promotions), incoming.amount)
    # Never more than is held: tolls and the like are on top of the base, never below it.
    commission = min(commission_on(incoming.base, incoming.brackets), held)
    capture = Capture(
        order_id=incoming.order_id,
        payment_id=incoming.payment_id,
        amount=incoming.amount,
        commission=commission,
        commission_rule=incoming.rule,
        captured_at=at,
    )
    return capture, _shares(incoming, held - commission, commission)


def _shares(incoming: Incoming, net: Money, commission: Money) -> list[PayShare]:
    weights = [weight for _, _, weight in incoming.positions]
    parts = zip(incoming.positions, net.split(weights), commission.split(weights), strict=True)
    return [
        PayShare(
            order_id=incoming.order_id,
            visit_number=visit_number,
            position=position,
            net=pay,
            commission=kept,
        )
        for (visit_number, position, _), pay, kept in parts
    ]


def _told(incoming: Incoming, capture: Capture, shares: list[PayShare]) -> PaymentCaptured:
    return PaymentCaptured(
        order_id=incoming.order_id,
        user_id=incoming.user_id,
        amount=incoming.amount,
        channel=incoming.channel,
        commission=capture.commission,
        commission_rule=capture.commission_rule,
        pay=[
            PositionPay(visit_number=s.visit_number, position=s.position, net=s.net) for s in shares
        ],
    )
