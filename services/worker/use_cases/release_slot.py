"""Take a booking back, or make sure that it never comes."""

from services.worker.domain.booking import BookingMove, BookingState, OfferBookedOtherwise
from services.worker.domain.worker import WorkerNotFound
from services.worker.storage.bookings import booking_for_update, forestall
from shared.contracts.ids import OfferId, OrderId, WorkerId
from shared.contracts.worker import SlotReleased
from shared.kit.caller import Caller, Role
from shared.kit.session import Transaction


async def release_slot(
    tx: Transaction, caller: Caller, offer_id: OfferId, worker_id: WorkerId, order_id: OrderId
) -> dict[str, bool]:
    """Dispatch gives an offer up: its slot is free, and a booking still under way is refused.

    Raises WorkerNotFound, OfferBookedOtherwise. Tells worker.slot_released.v1.
    """
    if caller.role is Role.WORKER and caller.id != worker_id:
        raise WorkerNotFound(f"No worker {worker_id}.")
    booking = await booking_for_update(tx, offer_id)
    if booking is None:
        if await forestall(tx, offer_id, worker_id, order_id):
            tombstone = await booking_for_update(tx, offer_id)
            tx.move(tombstone, BookingMove.RELEASE, by=caller)
            return {"released": False}
        booking = await booking_for_update(tx, offer_id)  # It was booked in between.

    if booking is None or (booking.worker_id, booking.order_id) != (worker_id, order_id):
        raise OfferBookedOtherwise("This offer has booked something else.", offer_id=offer_id)
    if booking.state is not BookingState.HELD:
        was_booked = booking.visit_id is not None
        return {"released": was_booked and booking.state is BookingState.RELEASED}

    tx.move(booking, BookingMove.RELEASE, by=caller)

    ids = {"worker_id": worker_id, "order_id": order_id, "offer_id": offer_id}
    tx.publish(SlotReleased(**ids, free_from=tx.now, taken_back=True))
    return {"released": True}
