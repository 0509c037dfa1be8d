"""What payment does about an order's news."""

from services.payment.use_cases.cancel_payable import cancel_payable
from services.payment.use_cases.hold_positions import hold_positions
from services.payment.use_cases.keep_payable import keep_payable
from services.payment.use_cases.note_completion import note_completion
from services.payment.use_cases.release_positions import release_positions
from services.payment.use_cases.request_settlement import request_settlement
from shared.contracts.order import (
    OrderAccepted,
    OrderAssigned,
    OrderCancelled,
    OrderCompleted,
    OrderPlaced,
    OrderReleased,
)
from shared.kit.inbox import handles
from shared.kit.session import Transaction


@handles(OrderPlaced)
async def keep_placed(tx: Transaction, event: OrderPlaced) -> None:
    """The order may be paid until its deadline."""
    await keep_payable(tx, event)


@handles(OrderCancelled)
async def give_back(tx: Transaction, event: OrderCancelled) -> None:
    """What was paid goes back, less the fee; what is still paid later goes back whole."""
    await cancel_payable(tx, event.order_id, event.fee)


@handles(OrderAssigned)
async def show_coming_pay(tx: Transaction, event: OrderAssigned) -> None:
    """The crew sees what is coming to them."""
    await hold_positions(tx, event.order_id, event.crew)


@handles(OrderReleased)
async def hide_coming_pay(tx: Transaction, event: OrderReleased) -> None:
    """Nothing is coming any more to those who were released."""
    await release_positions(tx, event.order_id, event.positions, event.workers)


@handles(OrderCompleted)
async def show_release(tx: Transaction, event: OrderCompleted) -> None:
    """The coming pay has a release time now."""
    await note_completion(tx, event.order_id, event.accept_until)


@handles(OrderAccepted)
async def settle(tx: Transaction, event: OrderAccepted) -> None:
    """The escrow is divided and released."""
    await request_settlement(tx, event.order_id, event.crew)
