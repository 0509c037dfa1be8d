"""What the order service does when something falls due."""

from uuid import UUID

from services.order.domain.order import OrderState
from services.order.domain.ports import PhotoStore, Promotion
from services.order.events.job_timers import job_timers
from services.order.storage.orders import order_of
from services.order.use_cases.cancel_unserved import cancel_unserved
from services.order.use_cases.resume_placing import resume_placing
from shared.contracts.ids import OrderId, QuoteId
from shared.kit.caller import SYSTEM, Caller, Role
from shared.kit.log import get_logger
from shared.kit.session import Begin, Transaction
from shared.kit.timers import Timer, Timers

log = get_logger(__name__)


def timers(begin: Begin, promotion: Promotion, photos: PhotoStore) -> Timers:
    """By kind: alerts, escalations, placings that were cut, and what falls due after a job."""
    jobs = job_timers(begin, photos)

    async def take_up_placing(timer: Timer) -> None:
        said = timer.payload
        user, staff = said.get("user_id"), said.get("staff_id")  # Timers of yesterday have none.
        owner = Caller(UUID(user), Role.USER) if user else None
        by = Caller(UUID(staff), Role.STAFF) if staff else None
        which = (OrderId(timer.ref), QuoteId(UUID(said["quote_id"])))
        await resume_placing(begin, promotion, *which, owner, by, said.get("reason", ""))

    return Timers(
        inside={"pay_alert": alert_undecided, "escalated": give_up_search, **jobs.inside},
        outside={"placing": take_up_placing, **jobs.outside},
    )


async def alert_undecided(tx: Transaction, timer: Timer) -> None:
    """Payment decides whether an order was paid in time; if it has not, people must look."""
    order = await order_of(tx, SYSTEM, timer.ref)
    if order.state is OrderState.PENDING_PAYMENT:
        log.error("order.payment_undecided", order_id=order.id, pay_until=order.pay_until)


async def give_up_search(tx: Transaction, timer: Timer) -> None:
    """A day after the escalation an order without workers is refunded."""
    await cancel_unserved(tx, OrderId(timer.ref))
