"""Price quotes: what was priced, kept until it is ordered or over."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, SmallInteger, Uuid
from sqlalchemy.orm import Mapped, composite, mapped_column

from services.order.domain.catalogue import OfferingNotFound
from services.order.domain.placing import Placing
from services.order.domain.ports import Basket
from services.order.domain.quoting import check_orderable
from services.order.domain.refusals import QuoteNotFound
from services.order.storage import Row
from services.order.storage.catalogue import OFFERINGS
from shared.contracts.ids import OfferingId, OrderId, QuoteId, UserId
from shared.kit.caller import Caller, Role
from shared.kit.ids import shard_of
from shared.kit.money import Currency, Money
from shared.kit.rows import money_columns
from shared.kit.session import Transaction


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


@dataclass(frozen=True, slots=True)
class Quote:
    """A kept price as an order is made of it."""

    shard: int
    id: QuoteId
    user_id: UserId
    offering_id: OfferingId
    list_price: Money
    payable: Money
    commissionable: Money
    ask: dict[str, Any]
    layout: dict[str, Any]
    lines: list[Any]
    benefits: list[Any]
    stops: list[Any]
    order_id: OrderId | None
    start_code: str
    drawn: int  # A count that no other reading has; an order's number is made of it.


_COLUMNS = """
q.shard, q.id, q.user_id, q.offering_id, q.list_price_minor, q.list_price_currency,
q.payable_minor, q.payable_currency, q.commissionable_minor, q.commissionable_currency,
q.ask, q.layout, q.lines, q.benefits, q.stops, q.order_id, q.start_code,
nextval('order_numbers') AS drawn
"""
_ANY = f"SELECT {_COLUMNS} FROM price_quotes q WHERE q.shard = $1 AND q.id = $2"
_OWN = f"{_ANY} AND q.user_id = $3 FOR UPDATE"
# With what an order by it depends on now: nothing to join means that the offering is gone.
_TO_ORDER = f"""
SELECT {_COLUMNS}, q.hash, q.expires_at, q.price_version, now.version_now, now.on_sale
FROM price_quotes q LEFT JOIN LATERAL (
    SELECT p.version AS version_now, o.on_sale AND c.is_on AS on_sale
    FROM {OFFERINGS} WHERE o.id = q.offering_id) now ON true
WHERE q.shard = $2 AND q.id = $3 AND q.user_id = $4 FOR UPDATE OF q
"""
_CLAIM = "UPDATE price_quotes SET order_id = $3, start_code = $4 WHERE shard = $1 AND id = $2"
_HAS_BENEFITS = """
SELECT benefits <> '[]'::jsonb FROM price_quotes WHERE shard = $1 AND id = $2 AND user_id = $3
"""


def _quote_in(row: Any) -> Quote:
    """The quote in a row of ``_COLUMNS``."""

    def money(name: str) -> Money:
        return Money(row[f"{name}_minor"], Currency(row[f"{name}_currency"]))

    same = ("shard", "id", "user_id", "offering_id", "ask", "layout", "lines", "benefits")
    return Quote(
        **{name: row[name] for name in (*same, "stops", "order_id", "start_code", "drawn")},
        list_price=money("list_price"),
        payable=money("payable"),
        commissionable=money("commissionable"),
    )


async def quote_for_update(tx: Transaction, caller: Caller, quote_id: UUID) -> Quote | None:
    """The caller's own quote, locked until the transaction ends; None once it was forgotten."""
    rows = await tx.run(_OWN, shard_of(quote_id), quote_id, caller.id)
    return _quote_in(rows[0]) if rows else None


async def quote_to_order(tx: Transaction, caller: Caller, quote_id: UUID, hash: str) -> Quote:
    """The caller's quote, locked, if an order may be placed by it now.

    Raises QuoteNotFound, QuoteUsed, QuoteExpired, PriceChanged, OfferingNotFound,
    OfferingOffSale.
    """
    rows = await tx.run(_TO_ORDER, tx.now, shard_of(quote_id), quote_id, caller.id)
    if not rows:
        raise QuoteNotFound(f"No price quote {quote_id}.")
    [row] = rows
    if row["version_now"] is None:
        raise OfferingNotFound(f"No offering {row['offering_id']}.")
    check_orderable(
        used=row["order_id"] is not None,
        expires_at=row["expires_at"],
        now=tx.now,
        shown=row["hash"],
        asked=hash,
        version_shown=row["price_version"],
        version_now=row["version_now"],
        on_sale=row["on_sale"],
    )
    return _quote_in(row)


async def quote_of(tx: Transaction, quote_id: UUID) -> Quote | None:
    """The quote of a placing that is taken up again; None once it was forgotten."""
    rows = await tx.run(_ANY, shard_of(quote_id), quote_id)
    return _quote_in(rows[0]) if rows else None


def claim_quote(tx: Transaction, quote: Quote, order_id: OrderId, start_code: str) -> Quote:
    """The locked quote belongs to this order; one with coupons has yet to hold them."""
    tx.later(_CLAIM, quote.shard, quote.id, order_id, start_code)
    return replace(quote, order_id=order_id, start_code=start_code)


def free_quote(tx: Transaction, quote: Quote) -> None:
    """The placing of a locked quote was taken back: it may be ordered by again."""
    tx.later(_CLAIM, quote.shard, quote.id, None, "")


def placing_by(quote: Quote, by: Caller | None = None, reason: str = "") -> Placing:
    """The placing that has claimed this quote; nobody else named, the user places it."""
    user = Caller(quote.user_id, Role.USER)
    return Placing(
        caller=user,
        order_id=OrderId(quote.order_id or UUID(int=0)),
        quote_id=quote.id,
        basket=Basket(quote.layout["category"], quote.offering_id, quote.list_price),
        coupon_ids=[UUID(benefit["coupon_id"]) for benefit in quote.benefits],
        payable=quote.payable,
        start_code=quote.start_code,
        by=by or user,
        reason=reason,
    )


async def has_benefits(tx: Transaction, caller: Caller, quote_id: UUID) -> bool:
    """Whether placing by this quote must lock benefits first.

    True for one that we do not know: the way in steps has the answer of a placing whose quote was
    forgotten since, and refuses a quote that never was.
    """
    rows = await tx.run(_HAS_BENEFITS, shard_of(quote_id), quote_id, caller.id)
    return not rows or bool(rows[0][0])
