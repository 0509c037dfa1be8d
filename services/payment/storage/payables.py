"""What each order asks to be paid, what was captured for it, and whose pay it will become."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Uuid, select, text
from sqlalchemy.orm import Mapped, composite, mapped_column

from services.payment.domain.payable import PayableNotFound, PayableState
from services.payment.storage import Row
from shared.contracts.ids import OrderId, PaymentId, UserId, WorkerId
from shared.contracts.shapes import Crew
from shared.kit.caller import Caller, Role
from shared.kit.money import Currency, Money
from shared.kit.rows import money_columns
from shared.kit.session import Transaction
from shared.kit.writes import as_json


class Payable(Row):
    """Our copy of what `order.placed` said of the money."""

    __tablename__ = "payables"

    user_id: Mapped[UserId] = mapped_column(Uuid)
    number: Mapped[str]  # What people read out.
    category: Mapped[str]
    description: Mapped[str]  # What the channel shows the payer.
    payable: Mapped[Money] = composite(*money_columns("payable"))
    base: Mapped[Money] = composite(*money_columns("base"))  # After worker-funded discounts.
    refunded: Mapped[Money] = composite(*money_columns("refunded"))  # Asked for, late ones apart.
    promotions: Mapped[list[Any]]  # Platform-funded discounts: [code, minor].
    positions: Mapped[list[Any]]  # [visit number, position, weight].
    pay_until: Mapped[datetime]
    placed_at: Mapped[datetime]
    order_id: Mapped[OrderId] = mapped_column(Uuid, primary_key=True)
    state: Mapped[PayableState] = mapped_column(default=PayableState.OPEN)

    __table_args__ = (
        CheckConstraint("payable_minor >= 0", "payable_not_negative"),
        CheckConstraint("base_minor >= 0", "base_not_negative"),
        CheckConstraint("refunded_minor BETWEEN 0 AND payable_minor", "refunded_in_payable"),
    )


class Capture(Row):
    """The one capture of an order, with the commission as it was worked out then."""

    __tablename__ = "captures"

    payment_id: Mapped[PaymentId] = mapped_column(Uuid, ForeignKey("payments.id"), unique=True)
    amount: Mapped[Money] = composite(*money_columns("amount"))
    commission: Mapped[Money] = composite(*money_columns("commission"))
    commission_rule: Mapped[int]
    captured_at: Mapped[datetime]
    order_id: Mapped[OrderId] = mapped_column(
        Uuid, ForeignKey("payables.order_id"), primary_key=True
    )

    __table_args__ = (
        CheckConstraint("amount_minor >= 0", "amount_not_negative"),
        CheckConstraint("commission_minor >= 0", "commission_not_negative"),
    )


class PayShare(Row):
    """One position's part of a captured order, and who holds the position now.

    While it is captured, all of an order's together are what its escrow holds.
    """

    __tablename__ = "pay_shares"

    net: Mapped[Money] = composite(*money_columns("net"))
    commission: Mapped[Money] = composite(*money_columns("commission"))
    order_id: Mapped[OrderId] = mapped_column(
        Uuid, ForeignKey("payables.order_id"), primary_key=True
    )
    visit_number: Mapped[int] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    worker_id: Mapped[WorkerId | None] = mapped_column(Uuid, default=None)
    release_at: Mapped[datetime | None] = mapped_column(default=None)  # Accepted, or by silence.
    ended: Mapped[bool] = mapped_column(default=False)  # Nothing is coming of it any more.

    __table_args__ = (
        CheckConstraint("net_minor >= 0", "net_not_negative"),
        CheckConstraint("commission_minor >= 0", "commission_not_negative"),
        Index(
            "ix_pay_shares_coming",
            "worker_id",
            "order_id",
            postgresql_where=text("NOT ended AND worker_id IS NOT NULL"),
        ),
    )


_KEEP = """
INSERT INTO payables (order_id, user_id, number, category, description, payable_minor,
    payable_currency, base_minor, base_currency, refunded_minor, refunded_currency, promotions,
    positions, pay_until, placed_at, state)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
ON CONFLICT DO NOTHING RETURNING true
"""


_HOLD = """
UPDATE pay_shares s SET worker_id = c.worker_id
FROM unnest($2::bigint[], $3::bigint[], $4::uuid[]) AS c (visit_number, position, worker_id)
WHERE s.order_id = $1 AND (s.visit_number, s.position) = (c.visit_number, c.position)
"""
_RELEASE = """
UPDATE pay_shares s SET worker_id = NULL
FROM unnest($2::bigint[], $3::uuid[]) AS r (position, worker_id)
WHERE s.order_id = $1 AND (s.position, s.worker_id) = (r.position, r.worker_id)
"""
_SHRINK = """
UPDATE pay_shares s SET net_minor = c.net, commission_minor = c.commission, ended = $6
FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[])
    AS c (visit_number, position, net, commission)
WHERE s.order_id = $1 AND (s.visit_number, s.position) = (c.visit_number, c.position)
"""
# Of equal length, the two arrays are the places that were worked.
_DUE = """
UPDATE pay_shares SET release_at = least(release_at, $4), ended = ended
    OR (visit_number, position) NOT IN (SELECT * FROM unnest($2::bigint[], $3::bigint[]))
WHERE order_id = $1
"""


async def payable_for_update(tx: Transaction, caller: Caller, order_id: OrderId) -> Payable:
    """What the order asks, locked until the transaction ends. Raises PayableNotFound."""
    found = await tx.session.get(Payable, order_id, with_for_update=True, populate_existing=True)
    return _theirs(found, caller, order_id)


async def lock_payable(tx: Transaction, order_id: OrderId) -> None:
    """The same lock where nothing of the row is read. Raises PayableNotFound."""
    if not await tx.run("SELECT FROM payables WHERE order_id = $1 FOR UPDATE", order_id):
        raise PayableNotFound(f"No order {order_id} waits for money.", order_id=order_id)


async def payable(tx: Transaction, caller: Caller, order_id: OrderId) -> Payable:
    """The same, unlocked. Raises PayableNotFound."""
    return _theirs(await tx.session.get(Payable, order_id), caller, order_id)


async def is_payable_known(tx: Transaction, order_id: OrderId) -> bool:
    """Whether the copy of the order is here, whosever it is."""
    return bool(await tx.run("SELECT FROM payables WHERE order_id = $1", order_id))


async def is_new_payable(tx: Transaction, copy: Payable) -> bool:
    """Keep the copy of an order; False if it is here already. Of two at once, one is new."""
    kept = await tx.run(
        _KEEP,
        *(copy.order_id, copy.user_id, copy.number, copy.category, copy.description),
        *(copy.payable.minor, copy.payable.currency, copy.base.minor, copy.base.currency),
        *(copy.refunded.minor, copy.refunded.currency),
        *(as_json(copy.promotions), as_json(copy.positions)),
        *(copy.pay_until, copy.placed_at, copy.state),
    )
    return bool(kept)


def promotions_of(row: Payable) -> list[tuple[str, Money]]:
    """The platform's discounts as money, by code."""
    currency = row.payable.currency
    return [(code, Money(minor, currency)) for code, minor in row.promotions]


def _theirs(found: Payable | None, caller: Caller, order_id: OrderId) -> Payable:
    if found is None or (caller.role is Role.USER and found.user_id != caller.id):
        raise PayableNotFound(f"No order {order_id} of yours waits for money.", order_id=order_id)
    return found


async def capture_of(tx: Transaction, order_id: OrderId) -> Capture | None:
    """What was captured for the order, if anything was."""
    return await tx.session.get(Capture, order_id)


def hold_shares(tx: Transaction, order_id: OrderId, crew: Sequence[Crew]) -> None:
    """Each of the crew holds their position."""
    held = [(member.visit_number, member.position, member.worker_id) for member in crew]
    if held:
        tx.later(_HOLD, order_id, *map(list, zip(*held, strict=True)))


def release_shares(
    tx: Transaction, order_id: OrderId, released: Sequence[tuple[int, WorkerId]]
) -> None:
    """Nobody holds these positions any more, where they were still held by these workers."""
    if released:
        tx.later(_RELEASE, order_id, *map(list, zip(*released, strict=True)))


def note_release(tx: Transaction, order_id: OrderId, at: datetime) -> None:
    """When silence releases the order's pay."""
    tx.later("UPDATE pay_shares SET release_at = $2 WHERE order_id = $1", order_id, at)


def shrink_shares(
    tx: Transaction,
    order_id: OrderId,
    places: Sequence[tuple[int, int]],
    parts: Sequence[tuple[Money, Money]],
) -> None:
    """Each position's net and commission after money went back; of nothing, nothing is coming."""
    shares = [
        (*place, net.minor, kept.minor) for place, (net, kept) in zip(places, parts, strict=True)
    ]
    is_nothing = not any(net or kept for net, kept in parts)
    tx.later(_SHRINK, order_id, *map(list, zip(*shares, strict=True)), is_nothing)


def note_due(
    tx: Transaction, order_id: OrderId, worked: Sequence[tuple[int, int]], at: datetime
) -> None:
    """The pay of these positions is due since this instant; nothing is coming for the others."""
    visits, positions = [visit for visit, _ in worked], [position for _, position in worked]
    tx.later(_DUE, order_id, visits, positions, at)


def end_shares(tx: Transaction, order_id: OrderId) -> None:
    """Nothing more is coming from this order."""
    tx.later("UPDATE pay_shares SET ended = true WHERE order_id = $1", order_id)


async def coming_to(tx: Transaction, worker_id: WorkerId, limit: int) -> Sequence[PayShare]:
    """What will become the worker's when the work is accepted; the first of it."""
    mine = select(PayShare).where(PayShare.worker_id == worker_id, ~PayShare.ended)
    ordered = mine.order_by(PayShare.order_id, PayShare.visit_number, PayShare.position)
    return (await tx.session.scalars(ordered.limit(limit))).all()


async def coming_sums(tx: Transaction, worker_id: WorkerId) -> list[Money]:
    """All of that, one sum a currency."""
    rows = await tx.run(
        "SELECT net_currency, sum(net_minor)::bigint AS minor FROM pay_shares"
        " WHERE worker_id = $1 AND NOT ended GROUP BY net_currency ORDER BY net_currency",
        worker_id,
    )
    return [Money(row["minor"], Currency(row["net_currency"])) for row in rows]
