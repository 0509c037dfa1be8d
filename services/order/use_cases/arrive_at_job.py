"""Arrive where the job is."""

from dataclasses import asdict, replace

from services.order.domain.arrival import CODE_TRIES_MAX, Arrival, Fix, expected_at, proof_of
from services.order.domain.job import require_lead
from services.order.domain.order import OrderMove
from services.order.storage.history import move_order, note_on_order
from services.order.storage.locking import change_seat, change_visit, order_with_crew_for_update
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
    order, crew = await order_with_crew_for_update(tx, caller, order_id)
    visit = crew.visit

    lead = require_lead(caller, crew.seats, order.visit_number)
    OrderMove.ARRIVE.check(order.state, caller.role)
    proof = proof_of(shown, visit.lat, visit.lng, order.start_code, order.start_tries)
    if proof is None:
        tries = order.start_tries + 1
        also = {"start_tries": tries}
        await note_on_order(tx, order, "start_code_wrong", by=caller, also=also, tries=tries)
        return Arrival(None, None, CODE_TRIES_MAX - tries)

    order = await move_order(tx, order, OrderMove.ARRIVE, by=caller, proof=asdict(proof))
    change_visit(tx, order, visit, arrived_at=tx.now, arrived_by=proof.by)
    change_seat(tx, order, lead, arrived_at=tx.now)
    arrived = replace(lead, arrived_at=tx.now)

    late = tx.now - expected_at(visit.starts_at, lead, crew.seats)
    tx.publish(
        OrderArrived(
            **told(order, [arrived if seat is lead else seat for seat in crew.seats]),
            visit_id=visit.id,
            late_seconds=round(late.total_seconds()),
        )
    )
    return Arrival(tx.now, proof.by, CODE_TRIES_MAX - order.start_tries)
