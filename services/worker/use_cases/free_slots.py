"""Free the slots of an order that is no longer done by these workers."""

from collections.abc import Collection

from services.worker.domain.booking import BookingMove
from services.worker.storage.bookings import Booking, held_of_order_for_update
from shared.contracts.ids import OfferId, OrderId
from shared.contracts.worker import SlotReleased
from shared.kit.caller import Caller
from shared.kit.session import Transaction


async def free_slots(
    tx: Transaction, caller: Caller, order_id: OrderId, offers: Collection[OfferId] | None
) -> None:
    """The order was cancelled (no offers named) or these offers were released: slots are free.

    Raises MoveForbidden. Tells worker.slot_released.v1.
    """
    held = await held_of_order_for_update(tx, order_id)

    for booking in held:
        if offers is None or booking.id in offers:
            await tx.move_where(Booking, booking.id, BookingMove.RELEASE, by=caller)
            tx.publish(
                SlotReleased(
                    worker_id=booking.worker_id,
                    order_id=order_id,
                    offer_id=booking.id,
                    free_from=tx.now,
                    taken_back=True,
                )
            )
