"""A placing that has to hold coupons first, between its two transactions. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from services.order.domain.ports import Basket, Benefit
from shared.contracts.ids import OrderId, QuoteId
from shared.kit.caller import Caller
from shared.kit.money import Money


@dataclass(frozen=True, slots=True)
class Placing:
    """What is needed to finish: for whom, by which quote, under which id, with which coupons."""

    caller: Caller  # The user whose order it will be.
    order_id: OrderId
    quote_id: QuoteId
    basket: Basket
    coupon_ids: Sequence[UUID]
    payable: Money  # As quoted; the coupons held must lead to the same.
    start_code: str
    by: Caller  # Who places it: the user, or staff while the user is on the phone.
    reason: str = ""  # Why staff do.


def same_payable(placing: Placing, held: Sequence[Benefit]) -> bool:
    """Whether the coupons that are held take off what was quoted."""
    left = placing.basket.list_price
    for benefit in held:
        left = left - benefit.amount
    return left == placing.payable
