"""Take note that an order is paid, and ask for workers."""

from collections.abc import Sequence
from datetime import timedelta

from services.order.domain.deadlines import search_until
from services.order.domain.order import OrderMove, OrderState
from services.order.domain.refusals import CapturedSumDiffers
from services.order.storage.history import move_order
from services.order.storage.orders import (
    Order,
    Visit,
    order_for_update,
    positions_of,
    stops_of,
    visits_of,
)
from services.order.storage.telling import priced, told, visit_specs
from shared.contracts.ids import OrderId
from shared.contracts.order import OrderPaid
from shared.contracts.shapes import PositionPay, Urgency
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
    order = await order_for_update(tx, SYSTEM, order_id)
    if order.state is not OrderState.PENDING_PAYMENT:
        return  # Cancelled or paid before: payment refunds what came too late.
    visits, stops = await visits_of(tx, order), await stops_of(tx, order)
    positions = await positions_of(tx, order)

    if amount != order.payable:
        raise CapturedSumDiffers(f"{amount} is not {order.payable}.")
    _begin_rescue_now(order, visits[0], tx)
    until = search_until(order.urgency, visits[0].starts_at, tx.now)

    await move_order(tx, order, OrderMove.CAPTURE, by=SYSTEM, amount_minor=amount.minor)
    order.paid_at, order.search_until = tx.now, until
    order.capture = {
        "commission": {"minor": commission.minor, "currency": commission.currency},
        "commission_rule": commission_rule,
        "pay": [part.model_dump(mode="json") for part in pay],
    }
    await tx.cancel_timer("pay_alert", order.id)

    tx.publish(
        OrderPaid(
            **told(order, positions),
            **priced(order),
            commission=commission,
            commission_rule=commission_rule,
            pay=list(pay),
            visits=visit_specs(visits, stops, positions),
            urgency=order.urgency,
            equipment=order.equipment,
            search_until=until,
        )
    )


def _begin_rescue_now(order: Order, visit: Visit, tx: Transaction) -> None:
    """A rescue starts when it is paid, not when its price was asked."""
    if order.urgency is Urgency.RESCUE and visit.starts_at < tx.now:
        lasts: timedelta = visit.ends_at - visit.starts_at
        visit.starts_at, visit.ends_at = tx.now, tx.now + lasts
