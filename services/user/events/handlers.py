"""What the user service does about other services' news: messages, and the worker role."""

from services.user.use_cases.grant_role import grant_role
from services.user.use_cases.write_messages import write_messages
from shared.contracts.dispatch import JobAssigned, SearchEscalated
from shared.contracts.ids import AccountId
from shared.contracts.order import (
    OrderAccepted,
    OrderArrived,
    OrderAssigned,
    OrderCancelled,
    OrderCompleted,
    OrderCompletedUnreviewed,
    OrderDeparted,
    OrderPaid,
    OrderPlaced,
    OrderReleased,
    OrderReviewed,
    OrderStarted,
)
from shared.contracts.payment import LateCaptured, Refunded, RefundFailed, Settled
from shared.contracts.promotion import PackIssued
from shared.contracts.worker import WorkerApproved
from shared.kit.caller import Role
from shared.kit.events import Event
from shared.kit.inbox import handles
from shared.kit.session import Transaction


@handles(WorkerApproved)
async def grant_worker(tx: Transaction, event: WorkerApproved) -> None:
    """Who was approved may act as a worker; their next token says so."""
    await grant_role(tx, AccountId(event.worker_id), Role.WORKER)


@handles(
    OrderPlaced,
    OrderPaid,
    OrderCancelled,
    OrderAssigned,
    OrderReleased,
    OrderDeparted,
    OrderArrived,
    OrderStarted,
    OrderCompleted,
    OrderAccepted,
    OrderReviewed,
    OrderCompletedUnreviewed,
    LateCaptured,
    Refunded,
    RefundFailed,
    Settled,
    JobAssigned,
    SearchEscalated,
    PackIssued,
    WorkerApproved,
)
async def tell_people(tx: Transaction, event: Event) -> None:
    """Everybody whom it concerns finds it in their message centre."""
    assert tx.cause is not None  # The inbox sets it.
    await write_messages(tx, event, tx.cause.id, tx.cause.time)
