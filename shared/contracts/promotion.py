"""What the promotion service tells the fleet; keyed by account, locks by order."""

from typing import ClassVar
from uuid import UUID

from shared.contracts.ids import AccountId, CouponId, OrderId, UserId
from shared.kit.events import Event
from shared.kit.money import Money


class PackIssued(Event):
    """A pack of coupons was given to an account."""

    type: ClassVar[str] = "promotion.pack_issued.v1"
    account_id: AccountId
    pack: str
    coupons: list[CouponId]

    def key(self) -> UUID:
        return self.account_id


class BenefitEvent(Event):
    """Something about the benefits that an order uses."""

    order_id: OrderId
    user_id: UserId
    coupons: list[CouponId]

    def key(self) -> UUID:
        return self.order_id


class BenefitsLocked(BenefitEvent):
    """Benefits are held for an order that is being placed."""

    type: ClassVar[str] = "promotion.locked.v1"
    discount: Money


class BenefitsRedeemed(BenefitEvent):
    """The order is paid; its benefits are used up."""

    type: ClassVar[str] = "promotion.redeemed.v1"


class BenefitsReleased(BenefitEvent):
    """The order was not paid; its benefits are free again."""

    type: ClassVar[str] = "promotion.released.v1"


class BenefitsReturned(BenefitEvent):
    """The order was refunded in full; its benefits are back."""

    type: ClassVar[str] = "promotion.returned.v1"
