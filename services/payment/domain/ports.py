"""What payment asks of the world outside: channels, login, bank, and the order service."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from shared.contracts.ids import OrderId
from shared.contracts.order import OrderPlaced
from shared.kit.caller import Caller
from shared.kit.errors import Conflict, Invalid, Unavailable
from shared.kit.money import Money


class ChannelUnavailable(Unavailable):
    """The payment channel does not answer just now; try again soon."""


class ChannelRefused(Conflict):
    """The payment channel refused; `channel_code` is its own word for why."""


class LoginCodeRefused(Invalid):
    """WeChat does not take this login code; get a fresh one from `wx.login`."""


class BankRefused(Conflict):
    """The escrow bank refused the instruction; `bank_code` is its own word for why."""


class NoticeRefused(Invalid):
    """The notice is not the channel's word about a payment of ours."""


@dataclass(frozen=True, slots=True)
class ChannelOrder:
    """What a channel is asked to collect."""

    number: str
    order_id: OrderId
    amount: Money
    description: str
    payer: str  # The channel's own name of who pays.
    expires_at: datetime


class Standing(StrEnum):
    """How an attempt stands at the channel."""

    PAID = "paid"
    NOT_PAID = "not_paid"
    CLOSED = "closed"
    UNKNOWN = "unknown"  # The channel never heard of it.


@dataclass(frozen=True, slots=True)
class Receipt:
    """The channel's word that an attempt was paid."""

    number: str
    transaction_id: str
    amount: Money
    order_id: str  # What the channel kept as our reference.
    paid_at: datetime


@dataclass(frozen=True, slots=True)
class PayAnswer:
    """The answer to a query of an attempt; a receipt exactly when it is paid."""

    standing: Standing
    receipt: Receipt | None = None


@dataclass(frozen=True, slots=True)
class RefundOrder:
    """What a channel is asked to give back."""

    number: str
    payment_number: str
    amount: Money
    total: Money  # Of the payment it is part of.
    reason: str


class RefundStanding(StrEnum):
    """How a refund stands at the channel."""

    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    ABNORMAL = "abnormal"
    CLOSED = "closed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class RefundAnswer:
    """The channel's word on one refund."""

    number: str
    standing: RefundStanding
    channel_refund_id: str = ""
    amount: Money | None = None
    payment_number: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """A verified, opened notice: about a payment, about a refund, or about nothing of ours."""

    id: str
    nonce: str
    kind: str  # The channel's own name of it.
    receipt: Receipt | None = None
    refund: RefundAnswer | None = None


class Channel(Protocol):
    """A payment channel. Every call may be repeated with the same numbers.

    Raises ChannelUnavailable where nothing is known, ChannelRefused where the answer is no.
    """

    async def open(self, asked: ChannelOrder) -> str: ...

    async def query(self, number: str) -> PayAnswer: ...

    async def close(self, number: str) -> Standing: ...

    async def refund(self, asked: RefundOrder) -> RefundAnswer: ...

    async def query_refund(self, number: str) -> RefundAnswer: ...

    async def read_notice(self, headers: Mapping[str, str], body: bytes) -> Notice: ...

    def pay_params(self, prepay_id: str) -> dict[str, str]: ...


Channels = Mapping[str, Channel]


class WechatLogin(Protocol):
    """Tells whose WeChat account a login code belongs to. Raises LoginCodeRefused."""

    async def openid(self, code: str) -> str: ...


@dataclass(frozen=True, slots=True)
class BankSplit:
    """One payment out of an order's sub-account at the bank."""

    party: str
    account: str
    amount: Money


class EscrowBank(Protocol):
    """The bank that holds the escrow; repeating an id repeats its answer, the bank's own instant.

    Raises BankRefused, or Unavailable where nothing is known.
    """

    async def top_up(self, id: str, order_id: str, amount: Money) -> datetime: ...

    async def instruct(self, id: str, order_id: str, splits: Sequence[BankSplit]) -> datetime: ...


class Orders(Protocol):
    """The order service, asked only while our own copy has not come yet."""

    async def payable(self, caller: Caller, order_id: OrderId) -> OrderPlaced: ...
