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
from services.order.storage.history import note_on_order
from services.order.storage.jobs import first_stop, held_by
from services.order.storage.orders import (
    current_visit,
    lead_of,
    order_for_update,
    positions_of,
)
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
    order = await order_for_update(tx, caller, order_id)
    positions = await positions_of(tx, order)
    stop = await first_stop(tx, order, await current_visit(tx, order))

    own = held_by(caller, positions, order)
    if own is lead_of(positions, order):
        raise LeadArrives("The lead arrives.")
    check_in_open(order.state)
    proof = proof_of(shown, stop.lat, stop.lng, order.start_code, order.start_tries)
    if proof is None:
        order.start_tries += 1
        await note_on_order(tx, order, "start_code_wrong", by=caller, tries=order.start_tries)
        return Arrival(None, None, CODE_TRIES_MAX - order.start_tries)

    if own.arrived_at is None:
        own.arrived_at = tx.now
        seat = own.number
        await note_on_order(tx, order, "checked_in", by=caller, position=seat, proof=asdict(proof))
    return Arrival(own.arrived_at, proof.by, CODE_TRIES_MAX - order.start_tries)
