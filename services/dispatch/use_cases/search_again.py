"""Look again for positions that lost their workers."""

from datetime import timedelta

from services.dispatch.domain.offer import OfferMove
from services.dispatch.domain.search import AGAIN_SECONDS, SearchMove, SearchState
from services.dispatch.storage.offers import offers_held_for_update
from services.dispatch.storage.searches import Search, order_for_update, searches_for_update
from shared.contracts.order import OrderReleased
from shared.kit.caller import SYSTEM
from shared.kit.session import Transaction


async def search_again(tx: Transaction, released: OrderReleased) -> None:
    """Release the offers that held the positions and search anew, without their workers."""
    order = await order_for_update(tx, released.order_id)
    if order is None or order.closed_at is not None:
        return

    reopened = False
    for search in await searches_for_update(tx, released.order_id):
        named = search.visit_id == released.visit_id and search.position in released.positions
        if named and await _release(tx, search, released):
            reopened = True

    if reopened:
        lasts = timedelta(seconds=AGAIN_SECONDS[order.urgency])
        order.search_until = max(order.search_until, tx.now + lasts)
        order.escalated_at = None
        await tx.schedule("escalate", order.order_id, order.search_until)


async def _release(tx: Transaction, search: Search, released: OrderReleased) -> bool:
    """Free one position of the offer that the order let go; False if it holds another by now."""
    for offer in await offers_held_for_update(tx, search.id):
        if offer.id not in released.offers:
            return False
        tx.move(offer, OfferMove.RELEASE, by=SYSTEM)
        await tx.cancel_timer("claim", offer.id)
    if search.state not in SearchMove.REOPEN.sources:
        return search.state is SearchState.SEARCHING
    tx.move(search, SearchMove.REOPEN, by=SYSTEM)
    search.step = 0
    await tx.schedule("search", search.id, tx.now)
    return True
