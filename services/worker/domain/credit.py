"""A worker's credit score from what happened on their orders. Pure, exact, in hundredths.

Each term is pulled towards a prior worth ten orders, so that one bad day of a new worker is not a
verdict. Complaints have no facts yet and stay at their prior.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from uuid import UUID

WINDOW = timedelta(days=90)
ORDERS_MAX = 50
PRIOR_ORDERS = 10
PRIOR_COMPLETION = Fraction(95, 100)
PRIOR_RATING = Fraction(46, 10)
PRIOR_COMPLAINTS = Fraction(2, 100)
PRIOR_ON_TIME = Fraction(9, 10)
COMPLAINTS_WORST = Fraction(10, 100)
LATE_SECONDS_MAX = 600
FIRST_POINTS = 8_975  # The score of a worker about whom nothing is known: 89.75.


class FactKind(StrEnum):
    """What can happen to a worker's credit."""

    COMPLETED = "completed"  # They worked and the user accepted.
    BREACHED = "breached"  # They gave the job back, or did not come.
    RATED = "rated"  # 1 to 5 stars.
    ARRIVED = "arrived"  # Seconds after the agreed start; negative is early.
    LAPSED = "lapsed"  # Nothing happened: an older fact left the window.


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that happened on one order, by the worker's own doing."""

    order_id: UUID
    kind: FactKind
    value: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Terms:
    """The four terms of a score: each a share from 0 to 1, the rating from 1 to 5."""

    completion: Fraction
    rating: Fraction
    complaints: Fraction
    on_time: Fraction

    def points(self) -> int:
        """The score in hundredths of a point, 0 to 10,000, rounded half-even."""
        calm = 1 - min(Fraction(1), self.complaints / COMPLAINTS_WORST)
        score = (
            Fraction(35, 100) * self.completion
            + Fraction(35, 100) * (self.rating - 1) / 4
            + Fraction(20, 100) * calm
            + Fraction(10, 100) * self.on_time
        )
        return round(10_000 * score)


@dataclass(frozen=True, slots=True)
class Score:
    """A score in hundredths of a point, and until when it holds by itself."""

    points: int
    lapses_at: datetime | None  # Then the oldest fact that counts leaves the window.


def in_window(facts: Iterable[Fact], now: datetime) -> list[Fact]:
    """The facts that count: of the last 90 days, and of the 50 orders heard of last."""
    recent = [fact for fact in facts if now - WINDOW < fact.at and fact.kind != FactKind.LAPSED]
    newest: dict[UUID, datetime] = {}
    for fact in recent:
        newest[fact.order_id] = max(fact.at, newest.get(fact.order_id, fact.at))
    ranked = sorted(newest, key=lambda order: (newest[order], order), reverse=True)
    counted = set(ranked[:ORDERS_MAX])
    return [fact for fact in recent if fact.order_id in counted]


def terms_of(facts: Iterable[Fact], now: datetime) -> Terms:
    """The terms at an instant, from all facts known; those outside the window do not count."""
    return _terms(in_window(facts, now))


def score_of(facts: Iterable[Fact], now: datetime) -> Score:
    """The score at an instant, from all facts known."""
    counted = in_window(facts, now)
    oldest = min((fact.at for fact in counted), default=None)
    return Score(_terms(counted).points(), None if oldest is None else oldest + WINDOW)


def _terms(counted: Sequence[Fact]) -> Terms:
    done = sum(fact.kind is FactKind.COMPLETED for fact in counted)
    broken = sum(fact.kind is FactKind.BREACHED for fact in counted)
    stars = [fact.value for fact in counted if fact.kind is FactKind.RATED]
    late = [fact.value for fact in counted if fact.kind is FactKind.ARRIVED]
    punctual = sum(seconds <= LATE_SECONDS_MAX for seconds in late)
    return Terms(
        completion=_pulled(done, done + broken, PRIOR_COMPLETION),
        rating=_pulled(sum(stars), len(stars), PRIOR_RATING),
        complaints=PRIOR_COMPLAINTS,
        on_time=_pulled(punctual, len(late), PRIOR_ON_TIME),
    )


def _pulled(total: int, n: int, prior: Fraction) -> Fraction:
    return (total + prior * PRIOR_ORDERS) / (n + PRIOR_ORDERS)
