"""Arrive where the job is."""

from dataclasses import asdict

from services.order.domain.arrival import CODE_TRIES_MAX, Arrival, Fix, proof_of
from services.order.domain.order import OrderMove
from services.order.storage.history import move_order, note_on_order
from services.order.storage.jobs import first_stop
from services.order.storage.orders import (
    current_visit,
    order_for_update,
    positions_of,
    require_lead,
)
from services.order.storage.telling import told
from shared.contracts.ids import OrderId
from shared.contracts.order import OrderArrived
from shared.kit.caller import Caller
from shared.kit.session import Transaction


async def arrive_at_job(
    tx: Transaction, caller: Caller, order_id: OrderId, shown: Fix | str
) -> Arrival:
    """The lead is there: near enough to the first stop, or with the code that the user told them.

    A wrong code is answered, not raised: the try that it counts must be kept. Raises OrderNotFound,
    LeadOnly, MoveRefused, ArrivalNotShown, StartCodeLocked. Tells order.arrived.v1.
    """
    order = await order_for_update(tx, caller, order_id)
    positions = await positions_of(tx, order)
    visit = await current_visit(tx, order)
    stop = await first_stop(tx, order, visit)

    lead = require_lead(caller, positions, order)
    OrderMove.ARRIVE.check(order.state, caller.role)
    proof = proof_of(shown, stop.lat, stop.lng, order.start_code, order.start_tries)
    if proof is None:
        order.start_tries += 1
        await note_on_order(tx, order, "start_code_wrong", by=caller, tries=order.start_tries)
        return Arrival(None, None, CODE_TRIES_MAX - order.start_tries)

    await move_order(tx, order, OrderMove.ARRIVE, by=caller, proof=asdict(proof))
    visit.arrived_at = lead.arrived_at = tx.now
    visit.arrived_by = proof.by

    late = tx.now - visit.starts_at
    tx.publish(
        OrderArrived(
            **told(order, positions),
            visit_id=visit.id,
            late_seconds=round(late.total_seconds()),
        )
    )
    return Arrival(tx.now, proof.by, CODE_TRIES_MAX - order.start_tries)
