"""Divide an accepted order's escrow and ask the bank to pay it out."""

from collections.abc import Sequence

from services.payment.domain.payable import PayableMove
from services.payment.domain.settlement import Division, Share, divide, top_up_for
from services.payment.storage.divisions import PositionPart, held_for
from services.payment.storage.payables import Payable, lock_payable, note_due
from services.payment.storage.settlements import Settlement
from shared.contracts.ids import OrderId
from shared.contracts.shapes import Crew
from shared.kit.caller import SYSTEM
from shared.kit.money import Money
from shared.kit.session import Transaction


async def request_settlement(tx: Transaction, order_id: OrderId, crew: Sequence[Crew]) -> None:
    """Decide once who gets what: worked positions, commission, and what goes back to the user.

    The pay of worked positions is still coming until the bank has carried it out.

    Raises PayableNotFound.
    """
    await lock_payable(tx, order_id)
    held = await held_for(tx, order_id)
    if held is None or held.state not in PayableMove.RELEASE.sources:
        return
    shares = [_share(part, crew) for part in held.parts]
    division = divide(held.held, held.kept, shares)

    await tx.move_where(Payable, order_id, PayableMove.RELEASE, by=SYSTEM)
    settlement = Settlement(
        order_id=order_id,
        shares=[_told(share, pay) for share, pay in zip(shares, division.pay, strict=True)],
        splits=_splits(shares, division),
        commission=division.commission,
        to_user=division.to_user,
        to_promotion=division.to_promotion,
        top_up=top_up_for(held.kept - division.to_user, division),
        requested_at=tx.now,
    )
    tx.write(settlement)
    worked = [(share.visit_number, share.position) for share in shares if share.worked]
    note_due(tx, order_id, worked, tx.now)
    await tx.schedule("settle", settlement.id, tx.now)


def _share(part: PositionPart, crew: Sequence[Crew]) -> Share:
    """The position as the order's last word has it."""
    here = (part.visit_number, part.position)
    member = next((one for one in crew if (one.visit_number, one.position) == here), None)
    return Share(
        *here,
        net=part.net,
        commission=part.commission,
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


def _splits(shares: Sequence[Share], division: Division) -> list[dict[str, object]]:
    """What the order's sub-account at the bank pays, and to whom; nothing is not told."""
    to_workers = [
        {"party": "worker", "account": f"worker:{share.worker_id}", "amount_minor": part.minor}
        for share, part in zip(shares, division.pay, strict=True)
        if part
    ]
    kept = division.commission
    to_us = {"party": "platform", "account": "commission", "amount_minor": kept.minor}
    return [*to_workers, to_us] if kept else to_workers
