"""The platform's commission: marginal brackets on the commissionable base, 10 to 20 %. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.kit.errors import Invalid
from shared.kit.money import BPS, Money

RATE_MIN_BPS, RATE_MAX_BPS = 1_000, 2_000
ANY_CATEGORY = "*"  # The rule of categories without one of their own.


class BracketsInvalid(Invalid):
    """Brackets must rise, end with an open one, and hold rates of 10 to 20 %."""


@dataclass(frozen=True, slots=True)
class Bracket:
    """The rate of the part of the base up to ``upto_minor``; the last bracket has no end."""

    upto_minor: int | None
    rate_bps: int


def checked(brackets: Sequence[Bracket]) -> Sequence[Bracket]:
    """The brackets as they came. Raises BracketsInvalid."""
    ends = [bracket.upto_minor for bracket in brackets]
    bounded = [end for end in ends[:-1] if end is not None]
    rises = all(low < high for low, high in zip([0, *bounded], bounded, strict=False))
    if not ends or ends[-1] is not None or len(bounded) != len(ends) - 1 or not rises:
        raise BracketsInvalid(field="brackets", reason="must rise and end with an open one")
    if any(not RATE_MIN_BPS <= bracket.rate_bps <= RATE_MAX_BPS for bracket in brackets):
        raise BracketsInvalid(field="brackets", reason="rates are 1000 to 2000 basis points")
    return brackets


def commission_on(base: Money, brackets: Sequence[Bracket]) -> Money:
    """What the platform keeps of this base: clamped to 10-20 %, then rounded half-even, once."""
    scaled, floor = 0, 0  # In minor units times basis points, so that nothing is rounded early.
    for bracket in brackets:
        end = base.minor if bracket.upto_minor is None else min(bracket.upto_minor, base.minor)
        scaled += max(0, end - floor) * bracket.rate_bps
        floor = max(floor, end)
    clamped = min(max(scaled, base.minor * RATE_MIN_BPS), base.minor * RATE_MAX_BPS)
    return Money(clamped, base.currency).scale(1, BPS)
