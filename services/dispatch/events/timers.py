"""What falls due in dispatch."""

from services.dispatch.domain.ports import Assignments, Calendar
from services.dispatch.domain.search import SearchRules
from services.dispatch.use_cases.escalate_search import escalate_search
from services.dispatch.use_cases.expire_offer import expire_offer
from services.dispatch.use_cases.finish_claim import finish_claim
from services.dispatch.use_cases.run_round import run_round
from shared.kit.session import Begin, Transaction
from shared.kit.timers import Timer, Timers


def timers(
    begin: Begin, rules: SearchRules, calendar: Calendar, assignments: Assignments
) -> Timers:
    """The time-outs of searches, offers and claims."""

    async def search(tx: Transaction, timer: Timer) -> None:
        await run_round(tx, rules, timer.ref)

    async def expire(tx: Transaction, timer: Timer) -> None:
        await expire_offer(tx, timer.ref)

    async def escalate(tx: Transaction, timer: Timer) -> None:
        await escalate_search(tx, timer.ref)

    async def claim(timer: Timer) -> None:
        await finish_claim(begin, calendar, assignments, timer.ref)

    return Timers(
        inside={"search": search, "expire": expire, "escalate": escalate},
        outside={"claim": claim},
    )
