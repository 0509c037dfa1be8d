"""Divide an accepted order's escrow and ask the bank to pay it out."""

from collections.abc import Sequence

from services.payment.domain.payable import PayableMove
from services.payment.domain.settlement import Division, Share, bank_parts, divide
from services.payment.storage.ledger import escrow_of
from services.payment.storage.payables import (
    PayShare,
    capture_of,
    end_shares,
    payable_for_update,
    shares_of,
)
from services.payment.storage.settlements import Settlement
from shared.contracts.ids import OrderId
from shared.contracts.shapes import Crew
from shared.kit.caller import SYSTEM
from shared.kit.money import Money
from shared.kit.session import Transaction


async def request_settlement(tx: Transaction, order_id: OrderId, crew: Sequence[Crew]) -> None:
    """Decide once who gets what: worked positions, commission, and what goes back to the user.

    Raises PayableNotFound.
    """
    payable = await payable_for_update(tx, SYSTEM, order_id)
    capture = await capture_of(tx, order_id)
    if payable.state not in PayableMove.RELEASE.sources or capture is None:
        return
    shares = [_share(row, crew) for row in await shares_of(tx, order_id)]

    held = await escrow_of(tx, order_id, capture.amount.currency)
    users = capture.amount - payable.refunded
    division = divide(held, users, shares)

    tx.move(payable, PayableMove.RELEASE, by=SYSTEM)
    settlement = Settlement(
        order_id=order_id,
        shares=[_told(share, pay) for share, pay in zip(shares, division.pay, strict=True)],
        splits=_splits(shares, division, users - division.to_user),
        commission=division.commission,
        to_user=division.to_user,
        to_promotion=division.to_promotion,
        requested_at=tx.now,
    )
    tx.add(settlement)
    await end_shares(tx, order_id)
    await tx.schedule("settle", settlement.id, tx.now)


def _share(row: PayShare, crew: Sequence[Crew]) -> Share:
    """The position as the order's last word has it."""
    here = (row.visit_number, row.position)
    member = next((one for one in crew if (one.visit_number, one.position) == here), None)
    return Share(
        *here,
        net=row.net,
        commission=row.commission,
        worker_id=member.worker_id if member else None,
        worked=member is not None and member.worked,
    )


def _told(share: Share, pay: Money) -> dict[str, object]:
    return {
        "visit_number": share.visit_number,
        "position": share.position,
        "worker_id": share.worker_id and str(share.worker_id),
        "worked": share.worked,
        "net_minor": pay.minor,
    }


def _splits(shares: Sequence[Share], division: Division, in_bank: Money) -> list[dict[str, object]]:
    """What the order's sub-account at the bank pays, and to whom; nothing is not told."""
    pay, rest = bank_parts(in_bank, division.pay)
    to_workers = [
        {"party": "worker", "account": f"worker:{share.worker_id}", "amount_minor": part.minor}
        for share, part in zip(shares, pay, strict=True)
        if part
    ]
    to_us = {"party": "platform", "account": "commission", "amount_minor": rest.minor}
    return [*to_workers, to_us] if rest else to_workers
