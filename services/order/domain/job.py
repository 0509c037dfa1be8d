"""What a worker may see of a user's home, and for how long. Pure."""

from datetime import datetime, timedelta

from services.order.domain.order import OrderState
from shared.kit.errors import Forbidden, Gone

SHOWN_SECONDS = 24 * 60 * 60  # After the end of the visit.
COARSE_DECIMALS = 2  # Of a degree: about half a kilometre.

_S = OrderState
ON_DUTY: frozenset[OrderState] = frozenset(
    {
        _S.ASSIGNED,
        _S.EN_ROUTE,
        _S.ARRIVED,
        _S.DIAGNOSING,
        _S.QUOTED,
        _S.PENDING_TOPUP,
        _S.IN_SERVICE,
        _S.VARIATION_PENDING,
    }
)
"""The crew is complete and has not finished."""


class NotInCrew(Forbidden):
    """You hold no position of the visit that the order is at."""


class JobClosed(Gone):
    """The visit ended a day ago or more; its photos and door are no longer shown."""


def is_open_to_crew(state: OrderState, ended_at: datetime | None, now: datetime) -> bool:
    """Whether the crew sees the door: from the assignment until a day after the visit."""
    if state in ON_DUTY:
        return True
    return ended_at is not None and now < ended_at + timedelta(seconds=SHOWN_SECONDS)
