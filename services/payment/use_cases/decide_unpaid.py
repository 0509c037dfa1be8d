"""Decide at the pay deadline whether an order is paid or not."""

from services.payment.domain.payable import PayableMove
from services.payment.domain.ports import Channels, ChannelUnavailable
from services.payment.storage.payables import payable_for_update
from services.payment.storage.payments import closable_payments
from services.payment.use_cases.close_payments import close_payments
from shared.contracts.ids import OrderId
from shared.contracts.payment import PaymentUnpaid
from shared.kit.caller import SYSTEM
from shared.kit.session import Begin


async def decide_unpaid(begin: Begin, channels: Channels, order_id: OrderId) -> None:
    """Ask the channels, close what is open, and tell once that the order was not paid.

    Raises ChannelUnavailable. Tells payment.unpaid.v1.
    """
    await close_payments(begin, channels, order_id)

    async with begin() as tx:
        payable = await payable_for_update(tx, SYSTEM, order_id)
        if payable.state not in PayableMove.EXPIRE.sources:
            return
        if await closable_payments(tx, order_id):
            raise ChannelUnavailable("An attempt is still open.")

        tx.move(payable, PayableMove.EXPIRE, by=SYSTEM)
        tx.publish(PaymentUnpaid(order_id=order_id, user_id=payable.user_id))
