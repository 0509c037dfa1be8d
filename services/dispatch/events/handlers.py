"""What dispatch does about other services' news."""

from services.dispatch.storage import candidates, slots
from services.dispatch.use_cases.close_search import close_search
from services.dispatch.use_cases.end_job import end_job
from services.dispatch.use_cases.search_again import search_again
from services.dispatch.use_cases.start_search import start_search
from shared.contracts.order import OrderCancelled, OrderCompleted, OrderPaid, OrderReleased
from shared.contracts.worker import CreditChanged, ProfileChanged, SlotBooked, SlotReleased
from shared.kit.inbox import handles
from shared.kit.session import Transaction


@handles(OrderPaid)
async def search_workers(tx: Transaction, event: OrderPaid) -> None:
    """A paid order needs workers."""
    await start_search(tx, event)


@handles(OrderReleased)
async def search_positions_again(tx: Transaction, event: OrderReleased) -> None:
    """Positions that lost their workers need others."""
    await search_again(tx, event)


@handles(OrderCancelled)
async def stop_searching(tx: Transaction, event: OrderCancelled) -> None:
    """A cancelled order needs nobody; one that was never paid was never searched for."""
    if event.was_paid:
        await close_search(tx, event.order_id)


@handles(OrderCompleted)
async def free_workers(tx: Transaction, event: OrderCompleted) -> None:
    """Work that is done leaves its workers idle."""
    await end_job(tx, event.order_id, event.visit_id, event.ended_at)


@handles(ProfileChanged)
async def keep_profile(tx: Transaction, event: ProfileChanged) -> None:
    """The filters read the newest profile."""
    assert tx.cause is not None
    await candidates.keep_profile(tx, event, tx.cause.version)


@handles(CreditChanged)
async def keep_credit(tx: Transaction, event: CreditChanged) -> None:
    """Credit weighs in the cost; no profile is told for it alone."""
    assert tx.cause is not None
    await candidates.keep_credit(tx, event.worker_id, event.credit, tx.cause.version)


@handles(SlotBooked, SlotReleased)
async def keep_slot(tx: Transaction, event: SlotBooked | SlotReleased) -> None:
    """A taken time is not offered again until it is given back.

    One handler for both: a release waits behind its booking, should that be put aside.
    """
    if isinstance(event, SlotBooked):
        await slots.keep_slot(tx, event)
    else:
        await slots.free_slot(tx, event)
