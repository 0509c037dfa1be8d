"""What a price quote commits to, and when it can still be ordered by. Pure."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.order.domain.refusals import PriceChanged, QuoteExpired, QuoteUsed


def quote_hash(priced: Mapping[str, Any]) -> str:
    """A fingerprint of everything that was priced; any change of it changes the fingerprint."""
    text = json.dumps(priced, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def check_orderable(
    *,
    used: bool,
    expires_at: datetime,
    now: datetime,
    shown: str,
    asked: str,
    version_shown: int,
    version_now: int,
) -> None:
    """Whether an order may be placed by a quote. Raises QuoteUsed, QuoteExpired, PriceChanged."""
    if used:
        raise QuoteUsed("Ask for a new price quote to order again.")
    if now >= expires_at:
        raise QuoteExpired("Ask for a new price quote.", expired_at=expires_at.isoformat())
    if asked != shown:
        raise PriceChanged("The hash is not the quote's.", field="hash", reason="differs")
    if version_shown != version_now:
        raise PriceChanged("The offering has a new price.", reason="price book changed")
