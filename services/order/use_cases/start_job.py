"""Begin the work of a fixed-price job."""

from collections.abc import Mapping

from services.order.domain.evidence import Answer, check_start
from services.order.domain.order import OrderMove
from services.order.storage.evidence import angles_of
from services.order.storage.history import move_order
from services.order.storage.orders import (
    Order,
    current_visit,
    order_for_update,
    positions_of,
    require_lead,
)
from services.order.storage.telling import told
from shared.contracts.ids import OrderId
from shared.contracts.order import OrderStarted
from shared.kit.caller import Caller
from shared.kit.session import Transaction


async def start_job(
    tx: Transaction, caller: Caller, order_id: OrderId, answers: Mapping[str, Answer]
) -> Order:
    """The lead begins, once the offering's checklist for it is answered.

    Raises OrderNotFound, LeadOnly, MoveRefused, AnswerInvalid, ChecklistIncomplete.
    Tells order.started.v1.
    """
    order = await order_for_update(tx, caller, order_id)
    positions = await positions_of(tx, order)
    visit = await current_visit(tx, order)
    angles = await angles_of(tx, order, visit)

    require_lead(caller, positions, order)
    OrderMove.START.check(order.state, caller.role)
    check_start(order.checklist, answers, angles)

    await move_order(tx, order, OrderMove.START, by=caller, answers=dict(answers))
    visit.started_at = tx.now

    tx.publish(OrderStarted(**told(order, positions), visit_id=visit.id))
    return order
