"""What a user wants priced, before addresses are looked up. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from services.order.domain.stops import Place, StopKind
from shared.contracts.ids import OfferingId


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
