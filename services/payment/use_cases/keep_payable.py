"""Keep what a placed order asks to be paid."""

from services.payment.domain.payment import ChannelName
from services.payment.domain.ports import Receipt
from services.payment.storage.incomings import incoming_for_update
from services.payment.storage.payables import Payable, is_new_payable
from services.payment.storage.payments import Payment
from services.payment.use_cases.record_capture import record_capture
from shared.contracts.order import OrderPlaced
from shared.contracts.shapes import Funder
from shared.kit.money import Money
from shared.kit.session import Transaction


async def keep_payable(tx: Transaction, placed: OrderPlaced) -> None:
    """Keep a copy of the order's money and set its pay deadline; what is free is captured at once.

    Keeping it again changes nothing.
    """
    if not await is_new_payable(tx, _copy(tx, placed)):
        return

    if placed.payable:
        await tx.schedule("pay_deadline", placed.order_id, placed.pay_until)
        return

    free = Payment(
        order_id=placed.order_id,
        user_id=placed.user_id,
        channel=ChannelName.NONE,
        amount=placed.payable,
        expires_at=placed.pay_until,
        created_at=tx.now,
    )
    tx.write(free)
    await tx.flush()
    nothing = Receipt(free.id.hex, f"none-{free.id}", free.amount, str(placed.order_id), tx.now)
    await record_capture(tx, await incoming_for_update(tx, free.id), nothing)


def _copy(tx: Transaction, placed: OrderPlaced) -> Payable:
    """The money of the order; worker-funded discounts have come off the commission's base."""
    zero = Money.zero(placed.payable.currency)
    by_worker = sum((d.amount for d in placed.discounts if d.funder is Funder.WORKER), zero)
    by_platform = [d for d in placed.discounts if d.funder is Funder.PLATFORM]
    name = placed.offering_name.get("zh-HK") or next(iter(placed.offering_name.values()), "")
    return Payable(
        order_id=placed.order_id,
        user_id=placed.user_id,
        number=placed.number,
        category=placed.category,
        description=f"{name} {placed.number}".strip(),
        payable=placed.payable,
        base=max(placed.commissionable - by_worker, zero),
        refunded=zero,
        promotions=[[d.code, d.amount.minor] for d in by_platform],
        positions=[
            [visit.number, position.number, position.weight]
            for visit in placed.visits
            for position in visit.positions
        ],
        pay_until=placed.pay_until,
        placed_at=tx.now,
    )
