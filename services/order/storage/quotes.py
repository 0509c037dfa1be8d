"""Price quotes: what was priced, kept until it is ordered or over."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, SmallInteger, Uuid, select
from sqlalchemy.orm import Mapped, composite, mapped_column

from services.order.domain.placing import Placing
from services.order.domain.ports import Basket
from services.order.domain.refusals import QuoteNotFound
from services.order.storage import Row
from shared.contracts.ids import OfferingId, OrderId, QuoteId, UserId
from shared.kit.caller import Caller, Role
from shared.kit.ids import shard_of
from shared.kit.money import Money
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


async def quote_of(tx: Transaction, quote_id: UUID) -> PriceQuote:
    """The quote of a placing that is taken up again. Raises QuoteNotFound."""
    quote = await tx.session.get(PriceQuote, (shard_of(quote_id), quote_id))
    if quote is None:
        raise QuoteNotFound(f"No price quote {quote_id}.")
    return quote


def placing_by(quote: PriceQuote, category: str) -> Placing:
    """The placing that has claimed this quote."""
    return Placing(
        caller=Caller(quote.user_id, Role.USER),
        order_id=OrderId(quote.order_id or UUID(int=0)),
        quote_id=quote.id,
        basket=Basket(category, quote.offering_id, quote.list_price),
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
