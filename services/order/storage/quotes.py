"""Price quotes: what was priced, kept until it is ordered or over."""

import base64
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import CheckConstraint, Index, SmallInteger, Uuid, select
from sqlalchemy.orm import Mapped, composite, mapped_column

from services.order.domain.catalogue import Offering, OfferingNotFound
from services.order.domain.deadlines import QUOTE_KEPT_SECONDS, QUOTE_SECONDS
from services.order.domain.placing import Placing
from services.order.domain.ports import Basket, Benefit
from services.order.domain.quoting import Quoted, check_orderable, hash_of
from services.order.domain.refusals import QuoteNotFound
from services.order.domain.stops import Place, StopKind
from services.order.storage import Row
from services.order.storage.catalogue import OFFERINGS
from shared.contracts.ids import OfferingId, OrderId, QuoteId, UserId
from shared.kit.caller import Caller, Role
from shared.kit.ids import new_id_in, shard_of
from shared.kit.money import Money
from shared.kit.rows import money_columns
from shared.kit.sealing import seal
from shared.kit.session import Transaction

FORGET_AT_ONCE = 3
_PRICE_NOW = f"SELECT o.on_sale AND c.is_on AS on_sale, p.version FROM {OFFERINGS} WHERE o.id = $2"


class PriceQuote(Row):
    """A price shown to a user, with all that it was made of."""

    __tablename__ = "price_quotes"

    shard: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    id: Mapped[QuoteId] = mapped_column(Uuid, primary_key=True)
    user_id: Mapped[UserId] = mapped_column(Uuid)
    offering_id: Mapped[OfferingId] = mapped_column(Uuid)
    price_version: Mapped[int]  # Of the offering's price book; a later one changes the price.
    list_price: Mapped[Money] = composite(*money_columns("list_price"))
    payable: Mapped[Money] = composite(*money_columns("payable"))
    commissionable: Mapped[Money] = composite(*money_columns("commissionable"))
    ask: Mapped[dict[str, Any]]  # What was asked for: quantity, start, and so on.
    layout: Mapped[dict[str, Any]]  # Of the offering as it was: crew, name, checklist and so on.
    lines: Mapped[list[Any]]
    benefits: Mapped[list[Any]]  # As promotion answered: coupon_id, code, amount, funder.
    stops: Mapped[list[Any]]  # With sealed lines, each under the id of the stop it will be.
    hash: Mapped[str]
    expires_at: Mapped[datetime]
    order_id: Mapped[OrderId | None] = mapped_column(Uuid, default=None)  # Set: it was used.
    start_code: Mapped[str] = mapped_column(default="")  # Of the order that is being placed.

    __table_args__ = (
        CheckConstraint("payable_minor BETWEEN 0 AND list_price_minor", name="payable_in_range"),
        Index("ix_price_quotes_expires_at", "expires_at"),
    )


async def keep_quote(tx: Transaction, caller: Caller, quoted: Quoted) -> PriceQuote:
    """Keep a price for ten minutes; the lines of its addresses are sealed."""
    shard = shard_of(caller.id)
    duration = quoted.offering.duration_of(quoted.wish.quantity)
    asked = quoted.wish.starts_at
    quote = PriceQuote(
        shard=shard,
        id=new_id_in(shard),
        user_id=UserId(caller.id),
        offering_id=quoted.wish.offering_id,
        price_version=quoted.price.version,
        list_price=quoted.price.total,
        payable=quoted.payable,
        commissionable=quoted.price.commissionable,
        ask={
            "quantity": quoted.wish.quantity,
            "extras": dict(quoted.wish.extras),
            "starts_at": None if asked is None else asked.isoformat(),
            "duration_seconds": int(duration.total_seconds()),
            "urgency": quoted.urgency.value,
        },
        layout=_layout(quoted.offering),
        lines=[line.model_dump(mode="json") for line in quoted.price.lines],
        benefits=[_benefit(benefit) for benefit in quoted.benefits.applied],
        stops=[
            await _sealed_stop(tx, caller, shard, stop.kind, place)
            for stop, place in zip(quoted.wish.stops, quoted.places, strict=True)
        ],
        hash=hash_of(quoted),
        expires_at=tx.now + timedelta(seconds=QUOTE_SECONDS),
    )
    tx.add(quote)
    # Each new quote clears away more than one old one, so the table stays as large as its use.
    await forget_old_quotes(tx, tx.now - timedelta(seconds=QUOTE_KEPT_SECONDS), FORGET_AT_ONCE)
    return quote


def _layout(offering: Offering) -> dict[str, Any]:
    """What an order takes over from its offering."""
    kept = {"category", "name", "equipment", "positions", "auto_accept_hours", "checklist"}
    return offering.model_dump(mode="json", include=kept)


def _benefit(benefit: Benefit) -> dict[str, Any]:
    return {
        "coupon_id": str(benefit.coupon_id),
        "code": benefit.code,
        "amount_minor": benefit.amount.minor,
        "funder": benefit.funder.value,
    }


async def _sealed_stop(
    tx: Transaction, caller: Caller, shard: int, kind: StopKind, place: Place
) -> dict[str, Any]:
    """A stop under the id that it will have in the order, so that its seal need not be broken."""
    stop_id = new_id_in(shard)
    text = orjson.dumps(asdict(place.lines)).decode()
    lines = await seal(tx, caller.id, "stops.lines", stop_id, text)
    return {
        "id": str(stop_id),
        "kind": kind.value,
        "lat": place.lat,
        "lng": place.lng,
        "district": place.district,
        "address_id": None if place.address_id is None else str(place.address_id),
        "has_lift": place.has_lift,
        "steps": place.steps,
        "lines": base64.b64encode(lines).decode(),
    }


async def quote_for_update(tx: Transaction, caller: Caller, quote_id: UUID) -> PriceQuote:
    """The caller's own quote, locked until the transaction ends. Raises QuoteNotFound."""
    query = select(PriceQuote).where(
        PriceQuote.shard == shard_of(quote_id),
        PriceQuote.id == quote_id,
        PriceQuote.user_id == caller.id,
    )
    quote = await tx.session.scalar(query.with_for_update())
    if quote is None:
        raise QuoteNotFound(f"No price quote {quote_id}.")
    return quote


async def quote_to_order(tx: Transaction, caller: Caller, quote_id: UUID, hash: str) -> PriceQuote:
    """The caller's quote, locked, if an order may be placed by it now.

    Raises QuoteNotFound, QuoteUsed, QuoteExpired, PriceChanged, OfferingNotFound,
    OfferingOffSale.
    """
    quote = await quote_for_update(tx, caller, quote_id)
    rows = await tx.run(_PRICE_NOW, tx.now, quote.offering_id)
    if not rows:
        raise OfferingNotFound(f"No offering {quote.offering_id}.")
    check_orderable(
        used=quote.order_id is not None,
        expires_at=quote.expires_at,
        now=tx.now,
        shown=quote.hash,
        asked=hash,
        version_shown=quote.price_version,
        version_now=rows[0]["version"],
        on_sale=rows[0]["on_sale"],
    )
    return quote


async def quote_of(tx: Transaction, quote_id: UUID) -> PriceQuote:
    """The quote of a placing that is taken up again. Raises QuoteNotFound."""
    quote = await tx.session.get(PriceQuote, (shard_of(quote_id), quote_id))
    if quote is None:
        raise QuoteNotFound(f"No price quote {quote_id}.")
    return quote


def placing_by(quote: PriceQuote) -> Placing:
    """The placing that has claimed this quote."""
    return Placing(
        caller=Caller(quote.user_id, Role.USER),
        order_id=OrderId(quote.order_id or UUID(int=0)),
        quote_id=quote.id,
        basket=Basket(quote.layout["category"], quote.offering_id, quote.list_price),
        coupon_ids=[UUID(benefit["coupon_id"]) for benefit in quote.benefits],
        payable=quote.payable,
        start_code=quote.start_code,
    )


async def has_benefits(tx: Transaction, caller: Caller, quote_id: UUID) -> bool:
    """Whether placing by this quote must lock benefits first; False for one we do not know."""
    sql = (
        "SELECT benefits <> '[]'::jsonb FROM price_quotes"
        " WHERE shard = $1 AND id = $2 AND user_id = $3"
    )
    rows = await tx.run(sql, shard_of(quote_id), quote_id, caller.id)
    return bool(rows and rows[0][0])


async def forget_old_quotes(tx: Transaction, before: datetime, limit: int) -> int:
    """Delete quotes that were over before this instant; how many."""
    sql = (
        "DELETE FROM price_quotes WHERE ctid = ANY(ARRAY(SELECT ctid FROM price_quotes"
        " WHERE expires_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)) RETURNING 1"
    )
    return len(await tx.run(sql, before, limit))
