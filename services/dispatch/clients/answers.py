"""Which refusals of a sister service are its last word."""

import contextlib
from collections.abc import Iterator

from shared.kit.errors import Refused, Unavailable

# Two repeats of one call met, or a limit was hit: asked again, the answer may be yes.
_PASSING = {"concurrent-change", "request-still-running"}


@contextlib.contextmanager
def definite() -> Iterator[None]:
    """Raises Unavailable for a refusal that only says to come again."""
    try:
        yield
    except Refused as refused:
        if refused.peer_code in _PASSING or refused.peer_status == 429:
            detail = f"{refused.peer_code} is no final answer."
            raise Unavailable(detail, retry_after_seconds=1) from refused
        raise
