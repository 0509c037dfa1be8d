"""What the payment service tells the fleet; keyed by order, the wallet's news by account."""

from typing import ClassVar
from uuid import UUID

from shared.contracts.ids import OrderId, RefundId, UserId, WorkerId
from shared.contracts.shapes import PositionPay
from shared.kit.events import Event
from shared.kit.money import Money


class OrderMoneyEvent(Event):
    """Something about the money of one order."""

    order_id: OrderId
    user_id: UserId

    def key(self) -> UUID:
        return self.order_id


class PaymentCaptured(OrderMoneyEvent):
    """The payable sum is in escrow; commission and each position's net pay are worked out."""

    type: ClassVar[str] = "payment.captured.v1"
    amount: Money
    channel: str  # wechat, or "none" where nothing was to pay.
    commission: Money
    commission_rule: int
    pay: list[PositionPay]


class PaymentUnpaid(OrderMoneyEvent):
    """The pay time is over: the channel was asked and every attempt closed."""

    type: ClassVar[str] = "payment.unpaid.v1"


class LateCaptured(OrderMoneyEvent):
    """Money came after the order was cancelled or paid otherwise; it is refunded once."""

    type: ClassVar[str] = "payment.late_captured.v1"
    amount: Money
    refund_id: RefundId


class Refunded(OrderMoneyEvent):
    """Money went back to the user; ``full`` when nothing of the payment is left."""

    type: ClassVar[str] = "payment.refunded.v1"
    refund_id: RefundId
    amount: Money
    full: bool
    late: bool = False  # The refund of a late or second capture, which the order never had.


class RefundFailed(OrderMoneyEvent):
    """The channel refused a refund for good; staff must look."""

    type: ClassVar[str] = "payment.refund_failed.v1"
    refund_id: RefundId
    amount: Money
    reason: str


class WorkerShare(PositionPay):
    """One position's part of a settlement."""

    worker_id: WorkerId
    worked: bool


class Settled(OrderMoneyEvent):
    """The bank has paid out the escrow: workers' pay, commission, and what goes back."""

    type: ClassVar[str] = "payment.settled.v1"
    shares: list[WorkerShare]
    commission: Money
