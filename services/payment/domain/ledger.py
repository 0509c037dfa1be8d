"""Double entry: accounts, and the one posting of each thing that happens to money. Pure.

Amounts are signed: a credit is positive, a debit negative. A liability's balance is thus the sum of
its entries, an asset's the negative of it. A posting's id follows from what it is about, so that
posting twice is posting once; a posting is never changed, only reversed by another.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID, uuid5

from shared.contracts.ids import OrderId, PaymentId, RefundId, WorkerId
from shared.kit.errors import Conflict
from shared.kit.money import Money

_IDS = UUID("6f1c2d0a-7d0e-5b1b-9a53-2f1d0a6c7e11")


class BalanceTooLow(Conflict):
    """The account does not hold what should leave it."""


class PostingKind(StrEnum):
    CAPTURED = "captured"
    LATE_CAPTURED = "late_captured"
    CANCELLED = "cancelled"
    REFUND_OWED = "refund_owed"
    REFUNDED = "refunded"
    SETTLED = "settled"


@dataclass(frozen=True, slots=True)
class Account:
    """A place where money is. A limited one never falls below zero."""

    code: str
    limited: bool = False

    def id(self, currency: str) -> UUID:
        """The account's id in one currency."""
        return uuid5(_IDS, f"{self.code}|{currency}")


@dataclass(frozen=True, slots=True)
class Line:
    """One side of a posting: a credit is positive, a debit negative."""

    account: Account
    amount: Money


@dataclass(frozen=True, slots=True)
class Posting:
    """What one happening does to the accounts; its lines add up to zero in each currency."""

    kind: PostingKind
    ref: UUID  # The payment, refund, order or settlement it is about.
    order_id: OrderId
    lines: Sequence[Line]

    def __post_init__(self) -> None:
        sums: dict[str, int] = {}
        for line in self.lines:
            currency = line.amount.currency
            sums[currency] = sums.get(currency, 0) + line.amount.minor
        if any(sums.values()):
            raise ValueError(f"the posting {self.kind} of {self.ref} does not balance: {sums}")

    @property
    def id(self) -> UUID:
        """The same for the same happening."""
        return uuid5(_IDS, f"{self.kind}|{self.ref}")


def clearing(channel: str) -> Account:
    """What a channel owes us until it settles."""
    return Account(f"asset:channel:{channel}:clearing")


def escrow(order_id: OrderId) -> Account:
    """What is held for one order."""
    return Account(f"liab:escrow:order:{order_id}", limited=True)


def refund_payable(order_id: OrderId) -> Account:
    """What is owed back to the user of one order."""
    return Account(f"liab:refund_payable:order:{order_id}")


def available(worker_id: WorkerId) -> Account:
    """What a worker has earned and may withdraw."""
    return Account(f"liab:worker:{worker_id}:available", limited=True)


def commission(category: str) -> Account:
    """The platform's revenue from one category."""
    return Account(f"rev:commission:{category}")


def promotion(code: str) -> Account:
    """What one campaign of the platform's has cost."""
    return Account(f"exp:promotion:{code}")


CANCELLATION_FEE = Account("rev:cancellation_fee")
Promotions = Sequence[tuple[str, Money]]  # Discounts the platform pays, by code.


def captured(
    payment_id: PaymentId, order_id: OrderId, channel: str, paid: Money, promotions: Promotions
) -> Posting:
    """The user's money and the platform's discounts come into the order's escrow."""
    held = sum((amount for _, amount in promotions), paid)
    lines = [
        Line(clearing(channel), -paid),
        *(Line(promotion(code), -amount) for code, amount in promotions),
        Line(escrow(order_id), held),
    ]
    return _posting(PostingKind.CAPTURED, payment_id, order_id, lines)


def late_captured(payment_id: PaymentId, order_id: OrderId, channel: str, paid: Money) -> Posting:
    """Money that the order never needed is owed back at once."""
    lines = [Line(clearing(channel), -paid), Line(refund_payable(order_id), paid)]
    return _posting(PostingKind.LATE_CAPTURED, payment_id, order_id, lines)


def cancelled(order_id: OrderId, back: Money, fee: Money, promotions: Promotions) -> Posting:
    """The escrow of a cancelled order: back to the user less the fee, discounts to their budget."""
    held = sum((amount for _, amount in promotions), back + fee)
    lines = [
        Line(escrow(order_id), -held),
        Line(refund_payable(order_id), back),
        Line(CANCELLATION_FEE, fee),
        *(Line(promotion(code), amount) for code, amount in promotions),
    ]
    return _posting(PostingKind.CANCELLED, order_id, order_id, lines)


def refund_owed(
    refund_id: RefundId, order_id: OrderId, amount: Money, promotions: Promotions = ()
) -> Posting:
    """Part of the escrow is owed back to the user; with the last of it go these discounts."""
    held = sum((part for _, part in promotions), amount)
    lines = [
        Line(escrow(order_id), -held),
        Line(refund_payable(order_id), amount),
        *(Line(promotion(code), part) for code, part in promotions),
    ]
    return _posting(PostingKind.REFUND_OWED, refund_id, order_id, lines)


def refunded(refund_id: RefundId, order_id: OrderId, channel: str, amount: Money) -> Posting:
    """The channel gave the user their money back."""
    lines = [Line(refund_payable(order_id), -amount), Line(clearing(channel), amount)]
    return _posting(PostingKind.REFUNDED, refund_id, order_id, lines)


def settled(
    settlement_id: UUID,
    order_id: OrderId,
    pay: Sequence[tuple[WorkerId, Money]],
    commission_of: tuple[str, Money],
    to_user: Money,
    to_promotions: Promotions,
) -> Posting:
    """The escrow is released: workers, commission, and what goes back for unworked positions."""
    category, kept = commission_of
    out = [
        *(Line(available(worker_id), amount) for worker_id, amount in pay),
        Line(commission(category), kept),
        Line(refund_payable(order_id), to_user),
        *(Line(promotion(code), amount) for code, amount in to_promotions),
    ]
    held = sum((line.amount for line in out), Money.zero(kept.currency))
    lines = [Line(escrow(order_id), -held), *out]
    return _posting(PostingKind.SETTLED, settlement_id, order_id, lines)


def _posting(kind: PostingKind, ref: UUID, order_id: OrderId, lines: Sequence[Line]) -> Posting:
    """One line an account, those of nothing left out."""
    sums: dict[Account, Money] = {}
    for line in lines:
        known = sums.get(line.account)
        sums[line.account] = line.amount if known is None else known + line.amount
    kept = [Line(account, amount) for account, amount in sums.items() if amount]
    return Posting(kind, ref, order_id, kept)
