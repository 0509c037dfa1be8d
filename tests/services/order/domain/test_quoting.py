"""What a price quote commits to."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.order.domain.catalogue import OfferingOffSale
from services.order.domain.quoting import check_orderable, quote_hash
from services.order.domain.refusals import PriceChanged, QuoteExpired, QuoteUsed
from shared.kit.errors import Problem

NOW = datetime(2026, 11, 23, tzinfo=UTC)
FINE: dict[str, Any] = {
    "used": False,
    "expires_at": NOW + timedelta(minutes=10),
    "now": NOW,
    "shown": "h",
    "asked": "h",
    "version_shown": 3,
    "version_now": 3,
    "on_sale": True,
}


def test_a_fresh_quote_can_be_ordered_by_its_hash() -> None:
    check_orderable(**FINE)


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"used": True}, QuoteUsed),
        ({"expires_at": NOW}, QuoteExpired),
        ({"asked": "other"}, PriceChanged),
        ({"version_now": 4}, PriceChanged),
        ({"on_sale": False}, OfferingOffSale),
    ],
)
def test_each_reason_refuses_by_itself(change: dict[str, Any], refusal: type[Problem]) -> None:
    with pytest.raises(refusal):
        check_orderable(**{**FINE, **change})


def test_the_hash_does_not_depend_on_the_order_of_fields_but_on_every_value() -> None:
    assert quote_hash({"a": 1, "b": [2]}) == quote_hash({"b": [2], "a": 1})
    assert quote_hash({"a": 1, "b": [2]}) != quote_hash({"a": 1, "b": [3]})
