"""End the slots of a visit whose work is done."""

from datetime import datetime

from services.worker.domain.booking import BookingMove
from services.worker.storage.bookings import (
    ended_slot_of,
    held_of_order_for_update,
    set_slot,
)
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
        slot = await ended_slot_of(tx, booking, ended_at)
        set_slot(booking, slot)
        tx.move(booking, BookingMove.END, by=caller)
        tx.publish(
            SlotReleased(
                worker_id=booking.worker_id,
                order_id=order_id,
                offer_id=booking.id,
                free_from=tx.now if slot is None else slot.ends_at,
                taken_back=False,
            )
        )
