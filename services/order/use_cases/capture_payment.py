"""Take note that an order is paid, and ask for workers."""

from collections.abc import Sequence
from datetime import datetime

from services.order.domain.deadlines import search_until
from services.order.domain.order import OrderMove, OrderState
from services.order.domain.refusals import CapturedSumDiffers
from services.order.storage.history import move_order
from services.order.storage.paying import PayableOrder, payable_order_for_update, shift_visit
from services.order.storage.telling import priced, told
from shared.contracts.ids import OrderId
from shared.contracts.order import OrderPaid
from shared.contracts.shapes import PositionPay, Urgency, VisitSpec
from shared.kit.caller import SYSTEM
from shared.kit.money import Money
from shared.kit.session import Transaction


async def capture_payment(
    tx: Transaction,
    order_id: OrderId,
    amount: Money,
    commission: Money,
    commission_rule: int,
    pay: Sequence[PositionPay],
) -> None:
    """An order whose sum is in escrow waits for workers; one that is past paying stays as it is.

    Raises OrderNotFound, CapturedSumDiffers. Tells order.paid.v1.
    """
    order = await payable_order_for_update(tx, order_id)
    if order.state is not OrderState.PENDING_PAYMENT:
        return  # Cancelled or paid before: payment refunds what came too late.

    if amount != order.payable:
        raise CapturedSumDiffers(f"{amount} is not {order.payable}.")
    visits = [_begun_now(order, visit, tx.now) for visit in order.visits]
    until = search_until(order.urgency, visits[0].starts_at, tx.now)

    captured = {
        "commission": {"minor": commission.minor, "currency": commission.currency},
        "commission_rule": commission_rule,
        "pay": [part.model_dump(mode="json") for part in pay],
    }
    change = {"paid_at": tx.now, "search_until": until, "capture": captured}
    paid = await move_order(
        tx, order, OrderMove.CAPTURE, by=SYSTEM, also=change, amount_minor=amount.minor
    )
    for visit in visits:
        if visit not in order.visits:
            shift_visit(tx, order, visit)
    await tx.cancel_timer("pay_alert", order.id)

    tx.publish(
        OrderPaid(
            **told(paid, []),
            **priced(paid),
            commission=commission,
            commission_rule=commission_rule,
            pay=list(pay),
            visits=visits,
            urgency=paid.urgency,
            equipment=paid.equipment,
            search_until=until,
        )
    )


def _begun_now(order: PayableOrder, visit: VisitSpec, now: datetime) -> VisitSpec:
    """A rescue starts when it is paid, not when its price was asked."""
    if order.urgency is not Urgency.RESCUE or visit.starts_at >= now:
        return visit
    lasts = visit.ends_at - visit.starts_at
    return visit.model_copy(update={"starts_at": now, "ends_at": now + lasts})
