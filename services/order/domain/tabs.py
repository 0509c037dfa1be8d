"""The tabs under which users find their orders. Pure."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from services.order.domain.order import OrderState


class Tab(StrEnum):
    """What the mini-program shows above the list of orders."""

    ALL = "all"
    PENDING_PAYMENT = "pending_payment"
    PENDING_SERVICE = "pending_service"
    PENDING_ACCEPTANCE = "pending_acceptance"
    PENDING_REVIEW = "pending_review"
    AFTER_SALES = "after_sales"


_S = OrderState

STATES: dict[Tab, frozenset[OrderState]] = {
    Tab.PENDING_PAYMENT: frozenset({_S.PENDING_PAYMENT, _S.PENDING_TOPUP}),
    Tab.PENDING_SERVICE: frozenset(
        {
            _S.PENDING_DISPATCH,
            _S.ASSIGNED,
            _S.EN_ROUTE,
            _S.ARRIVED,
            _S.DIAGNOSING,
            _S.SUSPENDED,
            _S.QUOTED,
            _S.IN_SERVICE,
            _S.VARIATION_PENDING,
        }
    ),
    Tab.PENDING_ACCEPTANCE: frozenset({_S.PENDING_ACCEPTANCE}),
    Tab.PENDING_REVIEW: frozenset({_S.PENDING_REVIEW}),
}
"""The states of each tab; ``all`` and ``after_sales`` (an open case) go by something else."""

CODE_SHOWN: frozenset[OrderState] = frozenset(
    {
        _S.ASSIGNED,
        _S.EN_ROUTE,
        _S.ARRIVED,
        _S.DIAGNOSING,
        _S.QUOTED,
        _S.PENDING_TOPUP,
    }
)
"""Where the user sees the start code: from the assignment until the work begins."""

CODE_SHOWN_FOR_LATE: frozenset[OrderState] = frozenset({_S.IN_SERVICE, _S.VARIATION_PENDING})
"""Where they see it as long as somebody of the crew is still to come, who may need it."""


class Expected(Protocol):
    """A position of a crew, and whether its worker has come."""

    @property
    def visit_number(self) -> int: ...
    @property
    def arrived_at(self) -> datetime | None: ...


def shows_code(state: OrderState, crew: Iterable[Expected], visit_number: int) -> bool:
    """Whether somebody of the crew of this visit may still show by the code that they came."""
    if state not in CODE_SHOWN_FOR_LATE:
        return state in CODE_SHOWN
    return any(seat.visit_number == visit_number and seat.arrived_at is None for seat in crew)
