"""How a price quote is kept: sealed, and in one statement with the forgetting of old ones."""

import base64
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from services.order.domain.catalogue import Offering
from services.order.domain.deadlines import QUOTE_KEPT_SECONDS, QUOTE_SECONDS
from services.order.domain.ports import Benefit
from services.order.domain.quoting import Quoted, hash_of
from services.order.domain.stops import Place, StopKind
from shared.contracts.ids import QuoteId
from shared.kit.caller import Caller
from shared.kit.ids import new_id_in, shard_of
from shared.kit.session import Transaction
from shared.kit.writes import as_json
from shared.privacy.sealing import seal

FORGET_AT_ONCE = 3
_LAYOUT = {
    "category",
    "name",
    "equipment",
    "positions",
    "auto_accept_hours",
    "checklist",
    "by_quotation",
}
# A placing that is not finished needs its quote, however old. Whether there is the order is asked
# as a value: as EXISTS, a plan for any number of rows would hash all orders to forget three quotes.
_KEEP = """
WITH old AS (
    DELETE FROM price_quotes WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM price_quotes q WHERE expires_at < $19 AND (order_id IS NULL OR
            (SELECT true FROM orders o WHERE o.shard = q.shard AND o.id = q.order_id))
        LIMIT $20 FOR UPDATE SKIP LOCKED)))
INSERT INTO price_quotes (
    shard, id, user_id, offering_id, price_version, list_price_minor, list_price_currency,
    payable_minor, payable_currency, commissionable_minor, commissionable_currency,
    ask, layout, lines, benefits, stops, hash, expires_at, start_code)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, '')
"""


@dataclass(frozen=True, slots=True)
class KeptQuote:
    """What a user is told of a price that was just kept."""

    id: QuoteId
    hash: str
    expires_at: datetime


async def keep_quote(tx: Transaction, caller: Caller, quoted: Quoted) -> KeptQuote:
    """Keep a price for ten minutes; the lines of its addresses are sealed.

    Each new quote clears away more than one old one, so the table stays as large as its use.
    """
    shard, price = shard_of(caller.id), quoted.price
    kept = KeptQuote(
        id=new_id_in(shard),
        hash=hash_of(quoted),
        expires_at=tx.now + timedelta(seconds=QUOTE_SECONDS),
    )
    money = (price.total, quoted.payable, price.commissionable)
    stops = [
        await _sealed_stop(tx, caller, shard, stop.kind, place)
        for stop, place in zip(quoted.wish.stops, quoted.places, strict=True)
    ]
    await tx.run(
        _KEEP,
        *(shard, kept.id, caller.id, quoted.wish.offering_id, price.version),
        *(part for amount in money for part in (amount.minor, amount.currency.value)),
        as_json(_ask(quoted)),
        as_json(_layout(quoted.offering)),
        as_json([line.model_dump(mode="json") for line in price.lines]),
        as_json([_benefit(benefit) for benefit in quoted.benefits.applied]),
        as_json(stops),
        *(kept.hash, kept.expires_at),
        *(tx.now - timedelta(seconds=QUOTE_KEPT_SECONDS), FORGET_AT_ONCE),
    )
    return kept


def _ask(quoted: Quoted) -> dict[str, Any]:
    """What was asked for; a start of None is now, whenever now will be."""
    asked = quoted.wish.starts_at
    return {
        "quantity": quoted.wish.quantity,
        "extras": dict(quoted.wish.extras),
        "starts_at": None if asked is None else asked.isoformat(),
        "duration_seconds": int(quoted.duration.total_seconds()),
        "urgency": quoted.urgency.value,
    }


def _layout(offering: Offering) -> dict[str, Any]:
    """What an order takes over from its offering."""
    return offering.model_dump(mode="json", include=_LAYOUT)


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
    text = as_json(asdict(place.lines))
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
