"""Lists of orders: a user's by tab, and the board of staff. Keyset by id, which grows with time."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Select, select

from services.order.domain.order import OrderState
from services.order.domain.tabs import STATES, Tab
from services.order.storage.orders import Order
from shared.kit.caller import Caller
from shared.kit.ids import shard_of
from shared.kit.session import Transaction


async def orders_of_user(
    tx: Transaction, caller: Caller, tab: Tab, cursor: UUID | None, limit: int
) -> Sequence[Order]:
    """The caller's own orders under a tab, newest first, older than the cursor."""
    query = select(Order).where(Order.shard == shard_of(caller.id), Order.user_id == caller.id)
    if tab in STATES:
        query = query.where(Order.state.in_(STATES[tab]))
    elif tab is Tab.AFTER_SALES:
        query = query.where(Order.case_open)
    return await _page(tx, query, cursor, limit)


async def board(
    tx: Transaction, state: OrderState, cursor: UUID | None, limit: int
) -> Sequence[Order]:
    """All orders in a state, newest first, older than the cursor."""
    return await _page(tx, select(Order).where(Order.state == state), cursor, limit)


async def order_by_number(tx: Transaction, number: str) -> UUID | None:
    """The id of the order whose number somebody read out."""
    return await tx.session.scalar(select(Order.id).where(Order.number == number))


async def _page(
    tx: Transaction, query: Select[Order], cursor: UUID | None, limit: int
) -> Sequence[Order]:
    if cursor is not None:
        query = query.where(Order.id < cursor)
    return (await tx.session.scalars(query.order_by(Order.id.desc()).limit(limit))).all()
