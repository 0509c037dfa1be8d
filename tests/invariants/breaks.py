"""Ways to break a rule: each plants one thing that no guard of ours would let in."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from tests.invariants.ruin import Ruin

Break = Callable[[Ruin], Awaitable[None]]
HOUR = timedelta(hours=1)


class Breaks:
    """The ways of one module, each with its rule, and words with which the rule says so."""

    def __init__(self) -> None:
        self.known: list[tuple[str, str, Break]] = []

    def __call__(self, rule: str, says: str = "") -> Callable[[Break], Break]:
        """Register one."""

        def register(ruin: Break) -> Break:
            self.known.append((rule, says, ruin))
            return ruin

        return register
