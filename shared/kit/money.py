"""Money as whole minor units of one currency; floats never touch it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import total_ordering
from typing import Self

BPS = 10_000


class Currency(StrEnum):
    HKD = "HKD"
    CNY = "CNY"


@total_ordering
@dataclass(frozen=True, slots=True)
class Money:
    """An amount in cents (HKD) or fen (CNY). Mixing currencies is a bug, so it raises."""

    minor: int
    currency: Currency

    @classmethod
    def zero(cls, currency: Currency) -> Self:
        return cls(0, currency)

    def __add__(self, other: "Money") -> "Money":
        self._assert_same_currency(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._assert_same_currency(other)
        return Money(self.minor - other.minor, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __mul__(self, times: int) -> "Money":
        return Money(self.minor * times, self.currency)

    def __lt__(self, other: "Money") -> bool:
        self._assert_same_currency(other)
        return self.minor < other.minor

    def __bool__(self) -> bool:
        return self.minor != 0

    def share(self, bps: int) -> "Money":
        """This many basis points of the amount, rounded half-even to a whole minor unit."""
        return self.scale(bps, BPS)

    def scale(self, part: int, whole: int) -> "Money":
        """The amount times part / whole (whole > 0), rounded half-even to a whole minor unit."""
        floor, rest = divmod(self.minor * part, whole)
        up = 2 * rest > whole or (2 * rest == whole and floor % 2 == 1)
        return Money(floor + up, self.currency)

    def split(self, weights: Sequence[int]) -> list["Money"]:
        """Parts by weight that add up exactly: largest remainder, earlier part first on a tie.

        Weights are not negative and not all zero.
        """
        total = sum(weights)
        if total <= 0 or min(weights) < 0:
            raise ValueError(f"weights {list(weights)} cannot split an amount")
        sign = -1 if self.minor < 0 else 1
        parts = [divmod(abs(self.minor) * weight, total) for weight in weights]
        floors = [floor for floor, _ in parts]
        missing = abs(self.minor) - sum(floors)
        for place in sorted(range(len(parts)), key=lambda i: (-parts[i][1], i))[:missing]:
            floors[place] += 1
        return [Money(sign * floor, self.currency) for floor in floors]

    def _assert_same_currency(self, other: "Money") -> None:
        if self.currency is not other.currency:
            raise TypeError(f"{self.currency} with {other.currency}")
