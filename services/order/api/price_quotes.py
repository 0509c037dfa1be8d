"""HTTP for price quotes: what an order would cost, before it is placed."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    model_validator,
)

from services.order.api.orders import PromotionDep
from services.order.domain.catalogue import (
    QUANTITY_MAX,
    STOPS_MAX,
    DistrictNotServed,
    ExtraInvalid,
    OfferingNotFound,
    OfferingOffSale,
    QuantityOutOfRange,
)
from services.order.domain.ports import Addresses
from services.order.domain.pricing import PriceLine
from services.order.domain.quoting import Quoted, Wish, WishedStop
from services.order.domain.refusals import StartInvalid, StopsInvalid
from services.order.domain.stops import Lines, Place, StopKind
from services.order.storage.quote_keeping import KeptQuote
from services.order.use_cases.quote_price import quote_price
from shared.contracts.ids import OfferingId
from shared.contracts.shapes import Funder, Urgency
from shared.kit.errors import Unavailable
from shared.kit.money import Money
from shared.kit.web import BeginDep, UserCaller, port, problems
from shared.privacy.sealing import Erased
from shared.texts import Printable

router = APIRouter(prefix="/price-quotes", tags=["price quotes"])

AddressesDep = Annotated[Addresses, Depends(port("addresses"))]
Line = Annotated[Printable, Field(max_length=80)]


QUOTING_REFUSALS = (
    OfferingNotFound,
    OfferingOffSale,
    DistrictNotServed,
    QuantityOutOfRange,
    ExtraInvalid,
    StartInvalid,
    StopsInvalid,
    Erased,
    Unavailable,
)


class Body(BaseModel):
    """A part of a request; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class PointBody(Body):
    """A place in WGS-84 degrees, as the map chooser gives it."""

    lat: Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
    lng: Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]


class LinesBody(Body):
    """The lines by which a person finds the door; kept sealed."""

    estate: Line = ""
    building: Line = ""
    block: Line = ""
    floor: Line = ""
    flat: Line = ""


class StopBody(Body):
    """A stop: one of your kept addresses, or a point with its district."""

    kind: StopKind
    address_id: UUID | None = None
    point: PointBody | None = None
    district: Annotated[str, Field(max_length=2)] | None = None
    lines: LinesBody = Field(default_factory=LinesBody)
    has_lift: StrictBool = True
    steps: Annotated[StrictInt, Field(ge=0, le=2000)] = 0

    @model_validator(mode="after")
    def _is_one_or_the_other(self) -> Self:
        if (self.address_id is None) == (self.point is None):
            raise ValueError("needs either address_id or point with district")
        if self.point is not None and self.district is None:
            raise ValueError("a point needs its district")
        return self

    def wished(self) -> WishedStop:
        """As the use case takes it."""
        if self.point is None:
            return WishedStop(self.kind, self.address_id)
        place = Place(
            lat=self.point.lat,
            lng=self.point.lng,
            district=self.district or "",
            lines=Lines(**self.lines.model_dump()),
            has_lift=self.has_lift,
            steps=self.steps,
        )
        return WishedStop(self.kind, None, place)


class OptionsBody(Body):
    """How much of the offering, and which extras of it."""

    quantity: Annotated[StrictInt, Field(ge=1, le=QUANTITY_MAX)] = 1
    extras: dict[Annotated[Printable, Field(max_length=40)], Annotated[StrictInt, Field(ge=0)]] = (
        Field(default_factory=dict, max_length=30)
    )


class PriceQuoteRequest(Body):
    """What to price. `starts_at` null means now, which only rescues can be."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "offering_id": "01980f5e-7c00-7000-8000-000000000abc",
                    "options": {"quantity": 1},
                    "starts_at": None,
                    "stops": [
                        {
                            "kind": "pick_up",
                            "point": {"lat": 22.3193, "lng": 114.1694},
                            "district": "YT",
                        },
                        {
                            "kind": "drop_off",
                            "point": {"lat": 22.3814, "lng": 114.1877},
                            "district": "ST",
                        },
                    ],
                    "coupon_ids": None,
                }
            ]
        },
    )

    offering_id: UUID
    options: OptionsBody = Field(default_factory=OptionsBody)
    starts_at: AwareDatetime | None = None
    stops: Annotated[list[StopBody], Field(min_length=1, max_length=STOPS_MAX)]
    coupon_ids: Annotated[list[UUID], Field(max_length=10)] | None = None

    def wish(self) -> Wish:
        """As the use case takes it."""
        return Wish(
            offering_id=OfferingId(self.offering_id),
            quantity=self.options.quantity,
            stops=[stop.wished() for stop in self.stops],
            starts_at=self.starts_at,
            extras=self.options.extras,
            coupon_ids=self.coupon_ids,
        )


class DiscountView(BaseModel):
    """What one coupon takes off."""

    coupon_id: UUID
    code: str
    amount: Money
    funder: Funder


class SkippedView(BaseModel):
    """A coupon that does not apply, and why."""

    coupon_id: UUID
    code: str
    reason: str


class PriceQuoteView(BaseModel):
    """A price that holds until ``expires_at``; order it by ``quote_id`` and ``hash``."""

    quote_id: UUID
    hash: str
    expires_at: datetime
    offering_id: UUID
    urgency: Urgency
    starts_at: datetime
    ends_at: datetime
    lines: list[PriceLine]
    list_price: Money
    discounts: list[DiscountView]
    skipped: list[SkippedView]
    payable: Money


def quote_view(quote: KeptQuote, quoted: Quoted) -> PriceQuoteView:
    """The price as it is shown."""
    benefits = quoted.benefits
    return PriceQuoteView(
        quote_id=quote.id,
        hash=quote.hash,
        expires_at=quote.expires_at,
        offering_id=quoted.wish.offering_id,
        urgency=quoted.urgency,
        starts_at=quoted.starts_at,
        ends_at=quoted.ends_at,
        lines=list(quoted.price.lines),
        list_price=quoted.price.total,
        discounts=[
            DiscountView(
                coupon_id=each.coupon_id, code=each.code, amount=each.amount, funder=each.funder
            )
            for each in benefits.applied
        ],
        skipped=[
            SkippedView(coupon_id=each.coupon_id, code=each.code, reason=each.reason)
            for each in benefits.skipped
        ],
        payable=quoted.payable,
    )


@router.post("", status_code=201, responses=problems(*QUOTING_REFUSALS))
async def post_price_quote(
    body: PriceQuoteRequest,
    caller: UserCaller,
    begin: BeginDep,
    addresses: AddressesDep,
    promotion: PromotionDep,
) -> PriceQuoteView:
    """Price an order line by line, with your best coupons or those you name.

    The price holds for ten minutes. `coupon_ids` null takes the best of your coupons, an empty
    list takes none.
    """
    return quote_view(*await quote_price(begin, addresses, promotion, caller, body.wish()))
