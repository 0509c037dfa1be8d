"""What a price quote commits to, and when it can still be ordered by. Pure."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.order.domain.catalogue import Offering, OfferingOffSale
from services.order.domain.ports import Benefits
from services.order.domain.pricing import Price
from services.order.domain.refusals import PriceChanged, QuoteExpired, QuoteUsed
from services.order.domain.stops import Place, StopKind
from shared.contracts.ids import OfferingId
from shared.contracts.shapes import Urgency
from shared.kit.money import Money


@dataclass(frozen=True, slots=True)
class WishedStop:
    """A stop by the id of a kept address, or by a place of its own."""

    kind: StopKind
    address_id: UUID | None = None
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """What to price: which offering, how much of it, when, where, with which coupons."""

    offering_id: OfferingId
    quantity: int
    stops: Sequence[WishedStop]
    starts_at: datetime | None = None  # None: now, where the offering is a rescue.
    extras: Mapping[str, int] = field(default_factory=dict)
    coupon_ids: Sequence[UUID] | None = None  # None: the best choice; empty: none.


@dataclass(frozen=True, slots=True)
class Quoted:
    """A wish with everything that was worked out for it."""

    wish: Wish
    urgency: Urgency
    starts_at: datetime
    offering: Offering
    places: Sequence[Place]
    price: Price
    benefits: Benefits

    @property
    def duration(self) -> timedelta:
        """How long the visit is planned to take."""
        return self.offering.duration_of(self.wish.quantity)

    @property
    def ends_at(self) -> datetime:
        """When the visit is planned to end."""
        return self.starts_at + self.duration

    @property
    def payable(self) -> Money:
        """The list price less what the coupons take off."""
        taken = (benefit.amount for benefit in self.benefits.applied)
        return self.price.total - sum(taken, Money.zero(self.price.total.currency))


def hash_of(quoted: Quoted) -> str:
    """The fingerprint of a quote: what, where, when, every line, every coupon, the price book."""
    wish = quoted.wish
    return quote_hash(
        {
            "offering": quoted.offering.id,
            "version": quoted.price.version,
            "quantity": wish.quantity,
            "extras": dict(wish.extras),
            "starts_at": wish.starts_at and wish.starts_at.isoformat(),
            "stops": [
                [stop.kind, place.lat, place.lng, place.district, place.steps]
                for stop, place in zip(wish.stops, quoted.places, strict=True)
            ],
            "lines": [line.model_dump(mode="json") for line in quoted.price.lines],
            "benefits": [
                [benefit.coupon_id, benefit.amount.minor] for benefit in quoted.benefits.applied
            ],
            "payable": [quoted.payable.minor, quoted.payable.currency],
        }
    )


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
    on_sale: bool,
) -> None:
    """Whether an order may be placed by a quote.

    Raises QuoteUsed, QuoteExpired, PriceChanged, OfferingOffSale.
    """
    if used:
        raise QuoteUsed("Ask for a new price quote to order again.")
    if now >= expires_at:
        raise QuoteExpired("Ask for a new price quote.", expired_at=expires_at.isoformat())
    if asked != shown:
        raise PriceChanged("The hash is not the quote's.", field="hash", reason="differs")
    if version_shown != version_now:
        raise PriceChanged("The offering has a new price.", reason="price book changed")
    if not on_sale:
        raise OfferingOffSale("The offering was taken off sale.")
