"""Say that a search has come to its deadline without a worker."""

from uuid import UUID

from services.dispatch.domain.search import UNFILLED
from services.dispatch.storage.searches import order_for_update, searches_of
from shared.contracts.dispatch import SearchEscalated
from shared.contracts.ids import OrderId
from shared.kit.session import Transaction


async def escalate_search(tx: Transaction, order_id: UUID) -> None:
    """Tell once that positions are unfilled at the deadline; the search goes on, more slowly.

    Tells dispatch.escalated.v1.
    """
    order = await order_for_update(tx, OrderId(order_id))
    assert order is not None  # Its timer was set with it.
    if order.closed_at is not None or order.escalated_at is not None:
        return
    if order.search_until > tx.now:
        return
    searches = await searches_of(tx, order.order_id)
    if not any(search.state in UNFILLED for search in searches):
        return

    order.escalated_at = tx.now

    tx.publish(SearchEscalated(order_id=order.order_id, user_id=order.user_id))
