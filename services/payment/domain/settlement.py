"""Who gets what of an order's escrow once the work is accepted. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from shared.contracts.ids import WorkerId
from shared.kit.caller import Role
from shared.kit.errors import NotFound
from shared.kit.money import Money
from shared.kit.states import Move


class SettlementState(StrEnum):
    REQUESTED = "requested"  # The bank's turn.
    EXECUTED = "executed"  # Nobody's: everybody has their part.
    REFUSED = "refused"  # Staff's: the bank said no.


# fmt: off
class SettlementMove(Move):
    """Every legal change of a settlement."""

    #         from                         to                         who may
    EXECUTE = ({SettlementState.REQUESTED}, SettlementState.EXECUTED,  {Role.SYSTEM})
    REFUSE  = ({SettlementState.REQUESTED}, SettlementState.REFUSED,   {Role.SYSTEM})
    RETRY   = ({SettlementState.REFUSED},   SettlementState.REQUESTED, {Role.STAFF})
# fmt: on


class SettlementNotFound(NotFound):
    """The order has no settlement."""


@dataclass(frozen=True, slots=True)
class Share:
    """One position's part of the escrow as it was shown last, and what became of it."""

    visit_number: int
    position: int
    net: Money
    commission: Money
    worker_id: WorkerId | None
    worked: bool


@dataclass(frozen=True, slots=True)
class Division:
    """An escrow divided without rest: ``pay`` in the order of the shares, 0 where not worked."""

    pay: Sequence[Money]
    commission: Money
    to_user: Money  # The unworked positions' part of what the user paid.
    to_promotion: Money  # The same of what the platform's discounts paid.


def divide(held: Money, paid: Money, shares: Sequence[Share]) -> Division:
    """Divide what the escrow holds, of which the user paid ``paid`` and the platform the rest.

    Where part of it was refunded before, commission and pay shrink in proportion.
    """
    zero = Money.zero(held.currency)
    parts = shrink(held, [(share.net, share.commission) for share in shares])
    rows = [(share, *part) for share, part in zip(shares, parts, strict=True)]
    freed = sum((net + part for share, net, part in rows if not share.worked), zero)
    to_user = freed.scale(paid.minor, held.minor) if held else zero
    return Division(
        pay=[net if share.worked else zero for share, net, _ in rows],
        commission=sum((part for share, _, part in rows if share.worked), zero),
        to_user=to_user,
        to_promotion=freed - to_user,
    )


def shrink(held: Money, told: Sequence[tuple[Money, Money]]) -> list[tuple[Money, Money]]:
    """Each position's net and commission out of what is still held, in proportion to those told.

    Together they are what is held; told of just that, they stay as they are.
    """
    zero = Money.zero(held.currency)
    gross = sum((net + part for net, part in told), zero)
    kept = sum((part for _, part in told), zero)
    commission = kept.scale(held.minor, gross.minor) if gross else zero
    nets = split_like(held - commission, [net for net, _ in told])
    return list(zip(nets, split_like(commission, [part for _, part in told]), strict=True))


def split_like(amount: Money, parts: Sequence[Money]) -> list[Money]:
    """The amount split in proportion to these parts; equally where all are nothing."""
    weights = [part.minor for part in parts]
    return amount.split(weights if any(weights) else [1] * len(weights))


def top_up_for(in_bank: Money, division: Division) -> Money:
    """What the platform pays into the order's sub-account before the bank divides it.

    The sub-account holds what the user paid and keeps; the rest of what workers and commission get
    is the platform's own discounts.
    """
    return sum(division.pay, division.commission) - in_bank
