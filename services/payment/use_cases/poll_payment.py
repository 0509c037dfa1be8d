"""Ask a channel whether an attempt was paid, in case its notice is lost."""

from services.payment.domain.payment import PaymentMove, channel_number, next_poll_at
from services.payment.domain.ports import Channels, Standing
from services.payment.storage.payables import payable_for_update
from services.payment.storage.payments import Payment, payment, payment_for_update
from services.payment.use_cases.hear_receipt import hear_receipt
from shared.contracts.ids import PaymentId
from shared.kit.caller import SYSTEM
from shared.kit.session import Begin, Transaction


async def poll_payment(begin: Begin, channels: Channels, payment_id: PaymentId) -> None:
    """Query one attempt: take its money in, close what the channel closed, or ask again by plan.

    Raises ChannelUnavailable, NoticeRefused.
    """
    async with begin.alone() as tx:
        attempt = await payment(tx, SYSTEM, payment_id)
        if attempt.state not in PaymentMove.CLOSE.sources:
            return

    answer = await channels[attempt.channel].query(channel_number(payment_id))

    async with begin() as tx:
        if answer.receipt is not None:
            await hear_receipt(tx, attempt.channel, answer.receipt)
            return
        if answer.standing is Standing.CLOSED:
            await _close(tx, attempt)
            return
        again_at = next_poll_at(attempt.opened_at or attempt.created_at, tx.now)
        if again_at is not None:
            await tx.schedule("poll_payment", payment_id, again_at)


async def _close(tx: Transaction, attempt: Payment) -> None:
    """It can no longer be paid: the user may begin another."""
    await payable_for_update(tx, SYSTEM, attempt.order_id)
    mine = await payment_for_update(tx, attempt.id)
    if mine.state in PaymentMove.CLOSE.sources:
        tx.move(mine, PaymentMove.CLOSE, by=SYSTEM)
