"""What dividing an accepted order's escrow is decided on; lock the order's payable before."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.payment.domain.ledger import escrow
from services.payment.domain.payable import PayableState
from services.payment.domain.settlement import SettlementNotFound, SettlementState
from shared.contracts.ids import OrderId, UserId
from shared.kit.money import Currency, Money
from shared.kit.session import Transaction

_HELD = """
SELECT p.state, c.amount_currency AS currency, c.amount_minor - p.refunded_minor AS kept_minor,
    (SELECT coalesce(sum(balance_minor), 0)::bigint FROM balances
        WHERE account_id = ANY($2) AND currency = c.amount_currency) AS held_minor
FROM payables p JOIN captures c USING (order_id) WHERE p.order_id = $1
"""
_SHARES = """
SELECT visit_number, position, net_minor, commission_minor FROM pay_shares
WHERE order_id = $1 ORDER BY visit_number, position
"""
_LOCK = """
SELECT p.order_id FROM settlements s JOIN payables p USING (order_id)
WHERE s.id = $1 FOR UPDATE OF p
"""
# A statement of its own: it must see what was written while the lock was waited for.
_DIVIDED = """
SELECT p.order_id, p.user_id, p.category, p.promotions, s.state, s.shares, s.commission_minor,
    s.commission_currency, s.to_user_minor, s.to_promotion_minor
FROM settlements s JOIN payables p USING (order_id) WHERE s.id = $1
"""


@dataclass(frozen=True, slots=True)
class PositionPart:
    """One position's part: as it was told at capture, less what went back since."""

    visit_number: int
    position: int
    net: Money
    commission: Money


@dataclass(frozen=True, slots=True)
class Held:
    """The escrow of a captured order."""

    state: PayableState
    held: Money
    kept: Money  # What of it is the user's: captured and not refunded.
    parts: Sequence[PositionPart]


@dataclass(frozen=True, slots=True)
class Divided:
    """A settlement with what its order's payable says."""

    order_id: OrderId
    user_id: UserId
    category: str
    promotions: Sequence[tuple[str, Money]]
    state: SettlementState
    shares: Sequence[dict[str, Any]]  # {visit_number, position, worker_id, worked, net_minor}
    commission: Money
    to_user: Money
    to_promotion: Money


async def held_for(tx: Transaction, order_id: OrderId) -> Held | None:
    """The order's escrow; None where nothing was captured."""
    ids = [escrow(order_id).id(currency) for currency in Currency]
    for row in await tx.run(_HELD, order_id, ids):
        currency = Currency(row["currency"])
        parts = [
            PositionPart(visit, position, Money(net, currency), Money(commission, currency))
            for visit, position, net, commission in await tx.run(_SHARES, order_id)
        ]
        held, kept = Money(row["held_minor"], currency), Money(row["kept_minor"], currency)
        return Held(PayableState(row["state"]), held, kept, parts)
    return None


async def divided_for_update(tx: Transaction, id: UUID) -> Divided:
    """The settlement under its payable's lock. Raises SettlementNotFound."""
    if not await tx.run(_LOCK, id):
        raise SettlementNotFound(f"No settlement {id}.")
    [row] = await tx.run(_DIVIDED, id)
    currency = Currency(row["commission_currency"])
    return Divided(
        order_id=row["order_id"],
        user_id=row["user_id"],
        category=row["category"],
        promotions=[(code, Money(minor, currency)) for code, minor in row["promotions"]],
        state=SettlementState(row["state"]),
        shares=row["shares"],
        commission=Money(row["commission_minor"], currency),
        to_user=Money(row["to_user_minor"], currency),
        to_promotion=Money(row["to_promotion_minor"], currency),
    )
