"""Finish the work."""

from collections.abc import Mapping
from datetime import timedelta

from services.order.domain.evidence import Answer, check_completion
from services.order.domain.job import require_lead
from services.order.domain.order import OrderMove
from services.order.storage.evidence import order_with_angles_for_update
from services.order.storage.history import move_order
from services.order.storage.locking import LockedOrder, change_visit
from services.order.storage.telling import told
from shared.contracts.ids import OrderId
from shared.contracts.order import OrderCompleted
from shared.kit.caller import Caller
from shared.kit.session import Transaction


async def complete_job(
    tx: Transaction, caller: Caller, order_id: OrderId, answers: Mapping[str, Answer]
) -> LockedOrder:
    """The lead hands the work over; the user has some days to accept it, then silence does.

    Raises OrderNotFound, LeadOnly, MoveRefused, EvidenceMissing, AnswerInvalid,
    ChecklistIncomplete. Tells order.completed.v1.
    """
    order, crew, angles = await order_with_angles_for_update(tx, caller, order_id)

    require_lead(caller, crew.seats, order.visit_number)
    OrderMove.COMPLETE.check(order.state, caller.role)
    check_completion(order.checklist, answers, angles)
    accept_until = tx.now + timedelta(hours=order.auto_accept_hours)

    times = {"completed_at": tx.now, "accept_until": accept_until}
    order = await move_order(
        tx, order, OrderMove.COMPLETE, by=caller, also=times, answers=dict(answers)
    )
    change_visit(tx, order, crew.visit, ended_at=tx.now)
    await tx.schedule("auto_accept", order.id, accept_until)

    tx.publish(
        OrderCompleted(
            **told(order, crew.seats),
            visit_id=crew.visit.id,
            ended_at=tx.now,
            accept_until=accept_until,
        )
    )
    return order
