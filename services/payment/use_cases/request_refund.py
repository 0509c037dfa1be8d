"""Refund part or all of a paid order, by staff."""

from services.payment.domain import ledger
from services.payment.domain.payable import PayableMove, PayableNotFound
from services.payment.domain.refund import RefundReason, RefundTooLarge
from services.payment.domain.settlement import shrink
from services.payment.storage.divisions import held_for
from services.payment.storage.ledger import post
from services.payment.storage.payables import (
    capture_of,
    payable_for_update,
    promotions_of,
    shrink_shares,
)
from services.payment.storage.payments import payment
from services.payment.storage.refunds import Refund
from services.payment.use_cases.open_refund import open_refund
from shared.contracts.ids import AccountId, OrderId
from shared.kit.caller import SYSTEM, Caller
from shared.kit.money import Money
from shared.kit.session import Transaction


async def request_refund(
    tx: Transaction, caller: Caller, order_id: OrderId, amount_minor: int | None, note: str
) -> Refund:
    """Send part of a captured, unsettled order's money back; without an amount all that is left.

    Whoever works is paid out of what is held: after a part they and the commission share the rest
    in proportion; after all of it nothing is held, for the discounts return to their budgets with
    the last of the user's money, and nobody is paid.

    Raises PayableNotFound, MoveRefused, MoveForbidden, RefundTooLarge.
    """
    payable = await payable_for_update(tx, caller, order_id)
    PayableMove.REFUND.check(payable.state, caller.role)
    capture = await capture_of(tx, order_id)
    if capture is None:
        raise PayableNotFound(f"Nothing was captured for {order_id}.")

    left = capture.amount - payable.refunded
    amount = left if amount_minor is None else Money(amount_minor, left.currency)
    if not amount or amount > left:
        raise RefundTooLarge(left_minor=left.minor, currency=left.currency)

    paid = await payment(tx, SYSTEM, capture.payment_id)
    by = AccountId(caller.id)
    refund = await open_refund(tx, paid, amount, RefundReason.STAFF, note=note, requested_by=by)
    payable.refunded += amount
    promotions = promotions_of(payable) if amount == left else []
    await post(tx, ledger.refund_owed(refund.id, order_id, amount, promotions))
    await _show_less(tx, order_id)
    return refund


async def _show_less(tx: Transaction, order_id: OrderId) -> None:
    """Wallets show as coming what comes out of what is held from here on."""
    escrow = await held_for(tx, order_id)
    assert escrow is not None
    places = [(part.visit_number, part.position) for part in escrow.parts]
    parts = shrink(escrow.held, [(part.net, part.commission) for part in escrow.parts])
    shrink_shares(tx, order_id, places, parts)
