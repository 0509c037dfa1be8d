"""Begin the work of a fixed-price job."""

from collections.abc import Mapping

from services.order.domain.evidence import Answer, check_start
from services.order.domain.job import check_fixed_price, require_lead
from services.order.domain.order import OrderMove
from services.order.storage.evidence import order_with_angles_for_update
from services.order.storage.history import move_order
from services.order.storage.locking import LockedOrder, change_visit
from services.order.storage.telling import told
from shared.contracts.ids import OrderId
from shared.contracts.order import OrderStarted
from shared.kit.caller import Caller
from shared.kit.session import Transaction


async def start_job(
    tx: Transaction, caller: Caller, order_id: OrderId, answers: Mapping[str, Answer]
) -> LockedOrder:
    """The lead begins, once the offering's checklist for it is answered.

    Raises OrderNotFound, LeadOnly, MoveRefused, AnswerInvalid, ChecklistIncomplete.
    Tells order.started.v1.
    """
    order, crew, angles = await order_with_angles_for_update(tx, caller, order_id)

    require_lead(caller, crew.seats, order.visit_number)
    OrderMove.START.check(order.state, caller.role)
    check_fixed_price(order.by_quotation, order.state)
    check_start(order.checklist, answers, angles)

    order = await move_order(tx, order, OrderMove.START, by=caller, answers=dict(answers))
    change_visit(tx, order, crew.visit, started_at=tx.now)

    tx.publish(OrderStarted(**told(order, crew.seats), visit_id=crew.visit.id))
    return order
