"""The search for the worker of one position, and the figures it goes by. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from shared.contracts.shapes import Urgency
from shared.kit.caller import Role
from shared.kit.states import Move

AGAIN_SECONDS: Mapping[Urgency, int] = {
    Urgency.RESCUE: 600,
    Urgency.SAME_DAY: 3_600,
    Urgency.SCHEDULED: 3_600,
}
"""How long a search may last that begins again because the worker fell out."""


class SearchState(StrEnum):
    """Where the search for one position is."""

    SEARCHING = "searching"  # Ours: the next round is set.
    OFFERED = "offered"  # The worker's with the open offer.
    FILLED = "filled"  # Nobody's: a worker holds the position.
    CLOSED = "closed"  # Nobody's: the order ended.


_S, _SYSTEM = SearchState, {Role.SYSTEM}
_EITHER = {Role.SYSTEM, Role.WORKER}


# fmt: off
class SearchMove(Move):
    """Every legal change of a search's state."""

    #        from                                     to            who may   guard
    OFFER  = ({_S.SEARCHING},                         _S.OFFERED,   _SYSTEM,  "somebody is able")
    RESUME = ({_S.OFFERED},                           _S.SEARCHING, _EITHER,  "no, silence or loss")
    FILL   = ({_S.OFFERED},                           _S.FILLED,    _SYSTEM,  "booked and assigned")
    REOPEN = ({_S.OFFERED, _S.FILLED},                _S.SEARCHING, _SYSTEM,  "the worker fell out")
    CLOSE  = ({_S.SEARCHING, _S.OFFERED, _S.FILLED},  _S.CLOSED,    _SYSTEM,  "the order ended")
# fmt: on

UNFILLED = frozenset({SearchState.SEARCHING, SearchState.OFFERED})


def _offer_seconds() -> dict[Urgency, int]:
    return {Urgency.RESCUE: 15, Urgency.SAME_DAY: 60, Urgency.SCHEDULED: 600}


def _retry_seconds() -> dict[Urgency, int]:
    return {Urgency.RESCUE: 3, Urgency.SAME_DAY: 5, Urgency.SCHEDULED: 20}


@dataclass(frozen=True, slots=True)
class SearchRules:
    """The figures of a search; ``settings.py`` fills them."""

    radius_steps_m: tuple[int, ...] = (3_000, 5_000, 8_000, 12_000)
    offer_seconds: Mapping[Urgency, int] = field(default_factory=_offer_seconds)
    retry_seconds: Mapping[Urgency, int] = field(default_factory=_retry_seconds)
    escalated_retry_seconds: int = 60
    fresh_seconds: int = 120  # An older position does not count for urgent jobs.
    offers_per_order_max: int = 2  # To one worker.
    claim_seconds: int = 5  # Then the timer takes up a claim that was cut.
    position_every_seconds: float = 3  # 0 lifts the limit.
    promise_eta_factor: float = 1.5  # Of the offer's own ETA, and
    promise_margin_seconds: int = 600  # so much more: the longest way a worker may promise.

    def expires_at(self, urgency: Urgency, now: datetime) -> datetime:
        """When an offer made now has to be answered."""
        return now + timedelta(seconds=self.offer_seconds[urgency])

    def promise_max_seconds(self, eta_seconds: int, starts_at: datetime, now: datetime) -> int:
        """How long a worker may take to be there: until the start, or a fair way from now."""
        way = math.ceil(eta_seconds * self.promise_eta_factor) + self.promise_margin_seconds
        return max(way, math.floor((starts_at - now).total_seconds()))

    def again_at(self, urgency: Urgency, escalated: bool, now: datetime) -> datetime:
        """When to look again after nobody was found within the widest radius."""
        pause = self.escalated_retry_seconds if escalated else self.retry_seconds[urgency]
        return now + timedelta(seconds=pause)
