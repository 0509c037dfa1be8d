"""One attempt to pay an order at one channel. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from shared.contracts.ids import OrderId, PaymentId
from shared.kit.caller import Role
from shared.kit.errors import Conflict, Gone, Invalid, NotFound, TooMany
from shared.kit.money import Money
from shared.kit.states import Move

PREPARE_SECONDS_MAX = 20  # Then an attempt that the channel never answered is undone.
POLL_AFTER_SECONDS = (5, 15, 30, 60, 180, 600)  # When the notice is lost; then at pay_until.
PAY_SECONDS_MIN = 3  # Less is left: the channel would refuse to open an order.


class ChannelName(StrEnum):
    WECHAT = "wechat"
    NONE = "none"  # Nothing was to pay.


class PaymentState(StrEnum):
    PREPARING = "preparing"  # The channel's turn.
    OPEN = "open"  # The user's turn, in the channel's app.
    CAPTURED = "captured"  # Nobody's: it paid the order.
    SURPLUS = "surplus"  # Ours: money the order never needed, to be refunded once.
    CLOSED = "closed"  # Nobody's: it can no longer be paid.


_UNPAID = {PaymentState.PREPARING, PaymentState.OPEN, PaymentState.CLOSED}


# fmt: off
class PaymentMove(Move):
    """Every legal change of an attempt. Even a closed one takes money in, should it come."""

    #         from                                          to                     who may
    OPEN    = ({PaymentState.PREPARING},                    PaymentState.OPEN,     {Role.USER})
    CAPTURE = (_UNPAID,                                     PaymentState.CAPTURED, {Role.SYSTEM})
    SURPASS = (_UNPAID,                                     PaymentState.SURPLUS,  {Role.SYSTEM})
    CLOSE   = ({PaymentState.PREPARING, PaymentState.OPEN}, PaymentState.CLOSED,   {Role.SYSTEM})
# fmt: on


@dataclass(frozen=True, slots=True)
class PaymentShown:
    """An attempt as its payer sees it; while it is open, with what the channel's app takes."""

    payment_id: PaymentId
    order_id: OrderId
    channel: ChannelName
    state: PaymentState
    amount: Money
    expires_at: datetime
    wechat: Mapping[str, str] | None


class PaymentNotFound(NotFound):
    """There is no such payment of yours."""


class PaymentAlreadyOpen(Conflict):
    """The order has an open payment already; `payment_id` names it, GET it to go on paying."""


class PayTimeOver(Gone):
    """The time to pay this order is over."""


class PayerUnknown(Invalid):
    """We do not know your WeChat account yet: send a fresh code of `wx.login` as `wechat_code`."""


class TooManyPayments(TooMany):
    """You began too many payments within a minute."""


def channel_number(id: PaymentId) -> str:
    """The attempt's number at the channel: 32 characters, unique, and our id again."""
    return id.hex


def next_poll_at(opened_at: datetime, now: datetime) -> datetime | None:
    """When to ask the channel next; None when only the pay deadline is left."""
    plan = (opened_at + timedelta(seconds=seconds) for seconds in POLL_AFTER_SECONDS)
    return next((at for at in plan if at > now), None)
