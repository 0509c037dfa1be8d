"""A placing with coupons."""

import pytest

from services.order.domain.placing import Placing, same_payable
from services.order.domain.ports import Basket, Benefit
from shared.contracts.ids import OrderId, QuoteId
from shared.contracts.shapes import Funder
from shared.kit.caller import Caller, Role
from shared.kit.ids import new_id
from shared.kit.money import Currency, Money


def hkd(minor: int) -> Money:
    return Money(minor, Currency.HKD)


@pytest.mark.parametrize(("held", "same"), [([500], True), ([200, 300], True), ([400], False)])
def test_the_coupons_held_must_lead_to_the_quoted_sum(held: list[int], same: bool) -> None:
    basket = Basket("towing", new_id(), hkd(2_000))
    caller = Caller(new_id(), Role.USER)
    ids = (OrderId(new_id()), QuoteId(new_id()))
    placing = Placing(caller, *ids, basket, [], hkd(1_500), "0000", by=caller)
    benefits = [Benefit(new_id(), "X", hkd(minor), Funder.PLATFORM) for minor in held]
    assert same_payable(placing, benefits) is same
