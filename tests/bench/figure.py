"""A figure: what was measured, what it should be, and how it came about."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

HIGHER: Literal["higher"] = "higher"
LOWER: Literal["lower"] = "lower"


@dataclass(frozen=True)
class Figure:
    """One line of ``make bench``. A goal of None: told, with nothing to hold it against."""

    figure: str
    value: float
    goal: float | None
    better: Literal["higher", "lower"]
    unit: str
    detail: dict[str, Any] = field(default_factory=dict)

    def line(self) -> str:
        """The figure as one line of JSON."""
        rounded = asdict(self) | {"value": rounded_of(self.value), "detail": tidy(self.detail)}
        return json.dumps(rounded)


def tell(figure: Figure) -> None:
    """Print a figure as soon as it is known."""
    sys.stdout.write(figure.line() + "\n")
    sys.stdout.flush()


def say(text: str) -> None:
    """Progress, for whoever waits; figures alone go to standard output."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def rounded_of(value: float) -> float:
    """Four digits say all that a bench can know."""
    return float(f"{value:.4g}")


def tidy(value: Any) -> Any:
    """The same detail with every fraction rounded."""
    if isinstance(value, dict):
        return {key: tidy(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [tidy(one) for one in value]
    return rounded_of(value) if isinstance(value, float) else value


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which this share of them lies; 0 of none."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def spread_ms(seconds: Sequence[float]) -> dict[str, float]:
    """How long something took, in milliseconds."""
    return {
        "count": len(seconds),
        "p50_ms": quantile(seconds, 0.5) * 1000,
        "p99_ms": quantile(seconds, 0.99) * 1000,
        "max_ms": max(seconds, default=0.0) * 1000,
    }
