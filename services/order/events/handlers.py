"""What the order service does about other services' news."""

from services.order.storage.worker_names import keep_worker_name
from services.order.use_cases.capture_payment import capture_payment
from services.order.use_cases.escalate_search import escalate_search
from services.order.use_cases.note_refund import note_refund
from services.order.use_cases.time_out_payment import time_out_payment
from shared.contracts.dispatch import SearchEscalated
from shared.contracts.payment import PaymentCaptured, PaymentUnpaid, Refunded
from shared.contracts.worker import ProfileChanged
from shared.kit.inbox import handles
from shared.kit.session import Transaction


@handles(PaymentCaptured)
async def start_search(tx: Transaction, event: PaymentCaptured) -> None:
    """A paid order needs workers."""
    await capture_payment(
        tx, event.order_id, event.amount, event.commission, event.commission_rule, event.pay
    )


@handles(PaymentUnpaid)
async def end_unpaid(tx: Transaction, event: PaymentUnpaid) -> None:
    """An order that will not be paid any more is over."""
    await time_out_payment(tx, event.order_id)


@handles(Refunded)
async def show_refund(tx: Transaction, event: Refunded) -> None:
    """What went back is shown on the order; a late capture's refund the order never had."""
    if not event.late:
        await note_refund(tx, event.order_id, event.refund_id, event.amount)


@handles(SearchEscalated)
async def flag_escalation(tx: Transaction, event: SearchEscalated) -> None:
    """No worker was found in time: the user may wait, reschedule or be refunded."""
    await escalate_search(tx, event.order_id)


@handles(ProfileChanged)
async def remember_worker(tx: Transaction, event: ProfileChanged) -> None:
    """The masked name of a worker, for display."""
    keep_worker_name(tx, event.worker_id, event.display_name)
