"""What the worker service does about other services' news."""

from collections.abc import Iterable

from services.worker.domain.credit import FactKind
from services.worker.use_cases.count_fact import count_fact
from services.worker.use_cases.end_slots import end_slots
from services.worker.use_cases.free_slots import free_slots
from shared.contracts.ids import OrderId, WorkerId
from shared.contracts.order import (
    OrderAccepted,
    OrderArrived,
    OrderCancelled,
    OrderCompleted,
    OrderReleased,
    OrderReviewed,
)
from shared.kit.caller import SYSTEM
from shared.kit.inbox import handles
from shared.kit.session import Transaction

LEAD = 1


@handles(OrderReleased)
async def free_released(tx: Transaction, event: OrderReleased) -> None:
    """Workers left the job: their slots are free, and a broken promise counts."""
    # Workers are locked before bookings, as everywhere, so that nobody waits in a circle.
    if event.breach:
        await _count(tx, event.workers, event.order_id, FactKind.BREACHED)
    await free_slots(tx, SYSTEM, event.order_id, event.offers)


@handles(OrderCancelled)
async def free_cancelled(tx: Transaction, event: OrderCancelled) -> None:
    """The order ended before the work: every slot of it is free; nobody is at fault."""
    await free_slots(tx, SYSTEM, event.order_id, None)


@handles(OrderArrived)
async def count_arrival(tx: Transaction, event: OrderArrived) -> None:
    """The lead came, in time or late."""
    lead = [
        crew.worker_id
        for crew in event.crew
        if crew.visit_id == event.visit_id and crew.position == LEAD
    ]
    await _count(tx, lead, event.order_id, FactKind.ARRIVED, event.late_seconds)


@handles(OrderCompleted)
async def end_booking(tx: Transaction, event: OrderCompleted) -> None:
    """The work of a visit is done: the calendar is free after the way back."""
    await end_slots(tx, SYSTEM, event.order_id, event.visit_id, event.ended_at)


@handles(OrderAccepted)
async def count_completion(tx: Transaction, event: OrderAccepted) -> None:
    """The user accepted: a job done for everyone who worked."""
    worked = [crew.worker_id for crew in event.crew if crew.worked]
    await _count(tx, worked, event.order_id, FactKind.COMPLETED)


@handles(OrderReviewed)
async def count_rating(tx: Transaction, event: OrderReviewed) -> None:
    """The user rated the work of everyone who worked."""
    worked = [crew.worker_id for crew in event.crew if crew.worked]
    await _count(tx, worked, event.order_id, FactKind.RATED, event.rating)


async def _count(
    tx: Transaction,
    workers: Iterable[WorkerId],
    order_id: OrderId,
    kind: FactKind,
    value: int = 0,
) -> None:
    """Once a worker, in one order, so that two events alone never wait for each other.

    Of two transactions with many events each, one may be ended as a deadlock; its events are then
    done again, each alone.
    """
    assert tx.cause is not None
    for worker_id in sorted(set(workers)):
        await count_fact(tx, SYSTEM, worker_id, order_id, kind, value, tx.cause.id)
