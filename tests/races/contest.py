"""How far apart the sides of a race start, widened until each has won its tenth."""

from collections import Counter
from dataclasses import dataclass, field
from random import Random

SHARE_MIN = 0.1


@dataclass
class Contest:
    """Who has won how often, and the longest head start that each side has been given so far."""

    widest: dict[str, float]
    dice: Random
    won: Counter[str] = field(default_factory=Counter)

    @property
    def rounds(self) -> int:
        return self.won.total()

    @property
    def is_fair(self) -> bool:
        """Whether every side has won a tenth of the rounds."""
        return all(self.won[side] >= self.rounds * SHARE_MIN for side in self.widest)

    def goes_on(self, least: int, most: int) -> bool:
        """Whether there must be another round: at least so many, more while it is not fair."""
        return self.rounds < least or (not self.is_fair and self.rounds < most)

    def delays(self, favoured: str) -> dict[str, float]:
        """Seconds after the barrier at which each side starts; the favoured one at once."""
        most = self.widest[favoured]
        return {side: self.dice.uniform(0, most) for side in self.widest} | {favoured: 0.0}

    def note(self, winner: str) -> None:
        """Count a round."""
        self.won[winner] += 1

    def widen(self, side: str) -> None:
        """Its head start was too short to win by: the next ones are longer."""
        self.widest[side] *= 1.5

    def __str__(self) -> str:
        """The line that the race says at its end."""
        starts = ", ".join(f"{side} {most:.2f} s" for side, most in self.widest.items())
        return f"{self.rounds} rounds, won {dict(self.won)}, head starts up to {starts}"
