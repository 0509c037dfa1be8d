"""End the slots of a visit whose work is done."""

from datetime import datetime

from services.worker.storage.bookings import end_booking, held_of_order_for_update
from shared.contracts.ids import OrderId, VisitId
from shared.contracts.worker import SlotReleased
from shared.kit.caller import Caller
from shared.kit.session import Transaction


async def end_slots(
    tx: Transaction, caller: Caller, order_id: OrderId, visit_id: VisitId, ended_at: datetime
) -> None:
    """The work ended: each worker of the visit is free after the way back.

    Raises MoveForbidden. Tells worker.slot_released.v1.
    """
    held = await held_of_order_for_update(tx, order_id)

    for booking in held:
        if booking.visit_id != visit_id:
            continue
        slot = booking.slot_after(ended_at)
        await end_booking(tx, caller, booking, slot)
        tx.publish(
            SlotReleased(
                worker_id=booking.worker_id,
                order_id=order_id,
                offer_id=booking.id,
                free_from=tx.now if slot is None else slot.ends_at,
                taken_back=False,
            )
        )
