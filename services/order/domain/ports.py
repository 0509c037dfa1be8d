"""What the order service needs from outside; ``clients`` fulfil these and ``app`` hands them in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from services.order.domain.stops import Place
from shared.contracts.shapes import Funder
from shared.kit.caller import Caller
from shared.kit.money import Money


class Addresses(Protocol):
    """The addresses that users keep."""

    async def address(self, caller: Caller, address_id: UUID) -> Place:
        """One of the caller's own. Raises Refused (address-not-found), Unavailable."""


@dataclass(frozen=True, slots=True)
class Benefit:
    """What one coupon takes off."""

    coupon_id: UUID
    code: str
    amount: Money
    funder: Funder


@dataclass(frozen=True, slots=True)
class SkippedBenefit:
    """A coupon that does not apply, and why."""

    coupon_id: UUID
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Benefits:
    """What promotion answers: the coupons that apply to an order and those that do not."""

    applied: Sequence[Benefit]
    skipped: Sequence[SkippedBenefit]


@dataclass(frozen=True, slots=True)
class Basket:
    """What benefits are reckoned on."""

    category: str
    offering_id: UUID
    list_price: Money


class Promotion(Protocol):
    """The coupons of users."""

    async def quote(
        self, caller: Caller, basket: Basket, coupon_ids: Sequence[UUID] | None
    ) -> Benefits:
        """What would apply; None asks for the best choice. Raises Refused, Unavailable."""

    async def lock(
        self, caller: Caller, order_id: UUID, basket: Basket, coupon_ids: Sequence[UUID]
    ) -> Benefits:
        """Hold the coupons for an order; the same again for the same order. Raises Refused."""

    async def release(self, caller: Caller, order_id: UUID) -> None:
        """Free what is held for an order, and refuse to hold anything for it later."""


class Entropy(Protocol):
    """Where what nobody may guess comes from."""

    def start_code(self) -> str:
        """Four digits."""


class PhotoStore(Protocol):
    """Where sealed photos lie, each under a name."""

    async def put(self, name: str, content: bytes) -> None:
        """Keep it under the name; the same again changes nothing. Raises Unavailable."""

    async def get(self, name: str) -> bytes:
        """What lies under the name. Raises PhotoNotFound, Unavailable."""

    async def delete(self, name: str) -> None:
        """Forget it, if it was there. Raises Unavailable."""
