"""Finish the work."""

from collections.abc import Mapping
from datetime import timedelta

from services.order.domain.evidence import Answer, check_completion
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
from shared.contracts.order import OrderCompleted
from shared.kit.caller import Caller
from shared.kit.session import Transaction


async def complete_job(
    tx: Transaction, caller: Caller, order_id: OrderId, answers: Mapping[str, Answer]
) -> Order:
    """The lead hands the work over; the user has some days to accept it, then silence does.

    Raises OrderNotFound, LeadOnly, MoveRefused, EvidenceMissing, AnswerInvalid,
    ChecklistIncomplete. Tells order.completed.v1.
    """
    order = await order_for_update(tx, caller, order_id)
    positions = await positions_of(tx, order)
    visit = await current_visit(tx, order)
    angles = await angles_of(tx, order, visit)

    require_lead(caller, positions, order)
    OrderMove.COMPLETE.check(order.state, caller.role)
    check_completion(order.checklist, answers, angles)
    accept_until = tx.now + timedelta(hours=order.auto_accept_hours)

    await move_order(tx, order, OrderMove.COMPLETE, by=caller, answers=dict(answers))
    visit.ended_at = order.completed_at = tx.now
    order.accept_until = accept_until
    await tx.schedule("auto_accept", order.id, accept_until)

    tx.publish(
        OrderCompleted(
            **told(order, positions),
            visit_id=visit.id,
            ended_at=tx.now,
            accept_until=accept_until,
        )
    )
    return order
