"""What taking in money is decided on, in one reading under the lock of the order's payable."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.payment.domain.commission import ANY_CATEGORY, Bracket
from services.payment.domain.payable import PayableState
from services.payment.domain.payment import (
    ChannelName,
    PaymentMove,
    PaymentNotFound,
    PaymentState,
)
from shared.contracts.ids import OrderId, PaymentId, UserId
from shared.kit.money import Currency, Money
from shared.kit.session import Transaction

_OPEN = sorted(PaymentMove.CLOSE.sources)
_LOCK = """
SELECT p.order_id FROM payments a JOIN payables p USING (order_id) WHERE a.id = $1 FOR UPDATE OF p
"""
# A statement of its own: it must see what was written while the lock was waited for. The rule is
# the category's own before the general one, the latest before earlier ones.
_READ = """
SELECT a.channel, a.amount_minor, a.amount_currency, a.state AS payment_state,
    p.order_id, p.user_id, p.category, p.state AS payable_state,
    p.base_minor, p.base_currency, p.promotions, p.positions, r.version, r.brackets,
    EXISTS (SELECT FROM captures WHERE order_id = p.order_id) AS is_paid,
    EXISTS (SELECT FROM payments WHERE order_id = p.order_id AND id <> $1 AND state = ANY($3))
        AS has_rivals
FROM payments a JOIN payables p USING (order_id), LATERAL (
    SELECT version, brackets FROM commission_rules
    WHERE category IN (p.category, $4) AND effective_at <= $2
    ORDER BY category = $4, effective_at DESC, version DESC LIMIT 1) r
WHERE a.id = $1
"""


@dataclass(frozen=True, slots=True)
class Incoming:
    """An attempt that money came for, the order it pays, and the commission rule in force."""

    payment_id: PaymentId
    channel: ChannelName
    amount: Money
    payment_state: PaymentState
    order_id: OrderId
    user_id: UserId
    category: str
    payable_state: PayableState
    base: Money  # Of the commission.
    promotions: Sequence[tuple[str, Money]]  # The platform's discounts, by code.
    positions: Sequence[tuple[int, int, int]]  # Visit number, position, weight.
    rule: int
    brackets: Sequence[Bracket]
    is_paid: bool
    has_rivals: bool  # Other attempts may still be paid.


async def incoming_for_update(tx: Transaction, id: PaymentId) -> Incoming:
    """The attempt under its payable's lock. Raises PaymentNotFound."""
    if not await tx.run(_LOCK, id):
        raise PaymentNotFound(f"No payment {id}.")
    [row] = await tx.run(_READ, id, tx.now, _OPEN, ANY_CATEGORY)
    return _read(id, row)


def _read(id: PaymentId, row: Any) -> Incoming:
    currency = Currency(row["amount_currency"])
    return Incoming(
        payment_id=id,
        channel=ChannelName(row["channel"]),
        amount=Money(row["amount_minor"], currency),
        payment_state=PaymentState(row["payment_state"]),
        order_id=row["order_id"],
        user_id=row["user_id"],
        category=row["category"],
        payable_state=PayableState(row["payable_state"]),
        base=Money(row["base_minor"], Currency(row["base_currency"])),
        promotions=[(code, Money(minor, currency)) for code, minor in row["promotions"]],
        positions=[(visit, position, weight) for visit, position, weight in row["positions"]],
        rule=row["version"],
        brackets=[Bracket(upto, rate) for upto, rate in row["brackets"]],
        is_paid=row["is_paid"],
        has_rivals=row["has_rivals"],
    )
