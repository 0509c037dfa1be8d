"""What falls due in the worker service."""

from services.worker.use_cases.count_fact import WINDOW_TIMER
from services.worker.use_cases.forget_old_facts import forget_old_facts
from shared.contracts.ids import WorkerId
from shared.kit.caller import SYSTEM
from shared.kit.session import Transaction
from shared.kit.timers import Timer, Timers


async def credit_window(tx: Transaction, timer: Timer) -> None:
    """The oldest fact about a worker is ninety days old."""
    await forget_old_facts(tx, SYSTEM, WorkerId(timer.ref), timer.id)


def timers() -> Timers:
    """Every kind of timer of this service."""
    return Timers(inside={WINDOW_TIMER: credit_window})
