"""Open a refund."""

from services.payment.domain.payment import PaymentMove
from services.payment.domain.refund import RefundReason
from services.payment.storage.payments import Payment
from services.payment.storage.refunds import Refund
from shared.contracts.ids import AccountId
from shared.kit.money import Money
from shared.kit.session import Transaction
from shared.privacy.masks import scrub


async def open_refund(
    tx: Transaction,
    payment: Payment,
    amount: Money,
    reason: RefundReason,
    *,
    note: str = "",
    requested_by: AccountId | None = None,
) -> Refund:
    """Owe the user part of a payment, and set the timer that sends it to the channel."""
    late = payment.state is PaymentMove.SURPASS.target
    refund = Refund(
        order_id=payment.order_id,
        payment_id=payment.id,
        user_id=payment.user_id,
        channel=payment.channel,
        amount=amount,
        reason=reason,
        late=late,
        requested_at=tx.now,
        note=scrub(note),
        requested_by=requested_by,
    )

    tx.add(refund)
    if amount:
        await tx.schedule("send_refund", refund.id, tx.now)
    return refund
