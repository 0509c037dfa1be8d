"""Who leads a visit, who is in its crew, and what they may see of a user's home. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from services.order.domain.order import OrderMove, OrderState
from services.order.domain.refusals import LeadOnly
from shared.contracts.ids import WorkerId
from shared.kit.caller import Caller
from shared.kit.errors import Forbidden, Gone
from shared.kit.states import MoveRefused

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


class Seated(Protocol):
    """A position of the crew of a visit."""

    @property
    def visit_number(self) -> int: ...
    @property
    def number(self) -> int: ...
    @property
    def worker_id(self) -> WorkerId | None: ...


Position = TypeVar("Position", bound=Seated)


class NotInCrew(Forbidden):
    """You hold no position of the visit that the order is at."""


class JobClosed(Gone):
    """The visit ended a day ago or more; its photos and door are no longer shown."""


def lead_of(positions: Sequence[Position], visit_number: int) -> Position:
    """The lead's position of a visit."""
    here = [position for position in positions if position.visit_number == visit_number]
    return min(here, key=lambda position: position.number)


def require_lead(caller: Caller, positions: Sequence[Position], visit_number: int) -> Position:
    """The lead's position of a visit, if the caller holds it. Raises LeadOnly."""
    lead = lead_of(positions, visit_number)
    if lead.worker_id != caller.id:
        raise LeadOnly("The lead of the visit does this.")
    return lead


def held_by(caller: Caller, positions: Sequence[Position], visit_number: int) -> Position:
    """The caller's own position of a visit. Raises NotInCrew."""
    for position in positions:
        if position.visit_number == visit_number and position.worker_id == caller.id:
            return position
    raise NotInCrew("You hold no position of this visit.")


def check_fixed_price(by_quotation: bool, state: OrderState) -> None:
    """What is priced by a quotation begins when the user approves one. Raises MoveRefused."""
    if by_quotation:
        move = OrderMove.START
        raise MoveRefused(
            "The job is priced by a quotation, which the user has not approved.",
            move=move.label,
            state=state,
            guard=move.guard,
        )


def is_open_to_crew(state: OrderState, ended_at: datetime | None, now: datetime) -> bool:
    """Whether the crew sees the door: from the assignment until a day after the visit."""
    if state in ON_DUTY:
        return True
    return ended_at is not None and now < ended_at + timedelta(seconds=SHOWN_SECONDS)
