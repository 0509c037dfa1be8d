"""Price what a user wants, and keep the price for ten minutes."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from services.order.domain.catalogue import Offering
from services.order.domain.deadlines import urgency_of
from services.order.domain.districts import CODES
from services.order.domain.ports import Addresses, Basket, Benefits, Promotion
from services.order.domain.pricing import Ask, Price, price_of
from services.order.domain.quoting import Quoted, Wish
from services.order.domain.stops import Place, check_kinds, check_place
from services.order.storage.catalogue import offering_of
from services.order.storage.quote_keeping import KeptQuote, keep_quote
from shared.kit.caller import Caller
from shared.kit.session import Begin


async def quote_price(
    begin: Begin, addresses: Addresses, promotion: Promotion, user: Caller, wish: Wish
) -> tuple[KeptQuote, Quoted]:
    """Show the price line by line with the coupons that apply, before anything is ordered.

    The addresses and coupons are the user's, and so is the quote, whoever asks for it.
    Raises OfferingNotFound, OfferingOffSale, DistrictNotServed, QuantityOutOfRange, ExtraInvalid,
    StartInvalid, StopsInvalid, Refused, Erased, Unavailable.
    """
    async with begin.alone() as tx:
        offering = await offering_of(tx, wish.offering_id)
        now = tx.now
    check_kinds([stop.kind for stop in wish.stops], offering.stops)
    urgency = urgency_of(offering.rescue, wish.starts_at, now)

    places = await _places(addresses, user, wish)
    starts_at = wish.starts_at or now
    price = price_of(offering, Ask(wish.quantity, starts_at, places, wish.extras))
    benefits = await _benefits(promotion, user, offering, price, wish.coupon_ids)

    quoted = Quoted(wish, urgency, starts_at, offering, places, price, benefits)
    async with begin.alone() as tx:
        return await keep_quote(tx, user, quoted), quoted


async def _places(addresses: Addresses, user: Caller, wish: Wish) -> list[Place]:
    """Where the stops are; kept addresses are asked for side by side."""

    async def find(number: int) -> Place:
        stop = wish.stops[number]
        if stop.address_id is not None:
            place = await addresses.address(user, stop.address_id)
        else:
            assert stop.place is not None
            place = stop.place
        check_place(place, CODES, f"stops.{number}")
        return place

    return await asyncio.gather(*(find(number) for number in range(len(wish.stops))))


async def _benefits(
    promotion: Promotion,
    user: Caller,
    offering: Offering,
    price: Price,
    coupon_ids: Sequence[UUID] | None,
) -> Benefits:
    """What the coupons take off; who wants none is not looked up."""
    if coupon_ids is not None and not coupon_ids:
        return Benefits([], [])
    basket = Basket(offering.category, offering.id, price.total)
    return await promotion.quote(user, basket, coupon_ids)
