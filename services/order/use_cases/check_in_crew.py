"""Check in a member of the crew who is not the lead."""

from dataclasses import asdict

from services.order.domain.arrival import (
    CODE_TRIES_MAX,
    Arrival,
    Fix,
    LeadArrives,
    check_in_open,
    proof_of,
)
from services.order.domain.job import held_by, lead_of
from services.order.storage.history import note_on_order
from services.order.storage.locking import change_seat, order_with_crew_for_update
from shared.contracts.ids import OrderId
from shared.kit.caller import Caller
from shared.kit.session import Transaction


async def check_in_crew(
    tx: Transaction, caller: Caller, order_id: OrderId, shown: Fix | str
) -> Arrival:
    """The caller is there too, by the same rule as the lead: their position counts as worked.

    A wrong code is answered, not raised: the try that it counts must be kept. Raises OrderNotFound,
    NotInCrew, LeadArrives, MoveRefused, ArrivalNotShown, StartCodeLocked.
    """
    order, crew = await order_with_crew_for_update(tx, caller, order_id)

    own = held_by(caller, crew.seats, order.visit_number)
    if own is lead_of(crew.seats, order.visit_number):
        raise LeadArrives("The lead arrives.")
    check_in_open(order.state)
    proof = proof_of(shown, crew.visit.lat, crew.visit.lng, order.start_code, order.start_tries)
    if proof is None:
        tries = order.start_tries + 1
        also = {"start_tries": tries}
        await note_on_order(tx, order, "start_code_wrong", by=caller, also=also, tries=tries)
        return Arrival(None, None, CODE_TRIES_MAX - tries)

    if own.arrived_at is None:
        change_seat(tx, order, own, arrived_at=tx.now)
        seat = own.number
        await note_on_order(tx, order, "checked_in", by=caller, position=seat, proof=asdict(proof))
    return Arrival(own.arrived_at or tx.now, proof.by, CODE_TRIES_MAX - order.start_tries)
