"""What the promotion service does about other services' news."""

from services.promotion.domain.pack import WELCOME
from services.promotion.use_cases.issue_pack import issue_pack
from services.promotion.use_cases.redeem_benefits import redeem_benefits
from services.promotion.use_cases.release_benefits import release_benefits
from services.promotion.use_cases.return_benefits import return_benefits
from shared.contracts.order import OrderCancelled, OrderPaid
from shared.contracts.payment import Refunded
from shared.contracts.user import UserRegistered
from shared.kit.caller import SYSTEM
from shared.kit.inbox import handles
from shared.kit.session import Transaction


@handles(UserRegistered)
async def welcome(tx: Transaction, event: UserRegistered) -> None:
    """A new account gets the welcome pack."""
    await issue_pack(tx, SYSTEM, event.account_id, WELCOME)


@handles(OrderPaid)
async def redeem(tx: Transaction, event: OrderPaid) -> None:
    """A paid order has used its coupons."""
    await redeem_benefits(tx, SYSTEM, event.order_id, event.user_id)


@handles(OrderCancelled)
async def release_unpaid(tx: Transaction, event: OrderCancelled) -> None:
    """An order that ends unpaid frees its coupons; a paid one's return with a full refund only."""
    if not event.was_paid:
        await release_benefits(tx, SYSTEM, event.order_id, event.user_id)


@handles(Refunded)
async def return_refunded(tx: Transaction, event: Refunded) -> None:
    """Nothing of the payment is left: the coupons come back. A late capture never used any."""
    if event.full and not event.late:
        await return_benefits(tx, SYSTEM, event.order_id, event.user_id)
